// All-or-nothing saves in the database in memory: DESIGN's fold and rollback in other words than
// sql/functions/64_fold.sql to 66_reject.sql.
#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "support/memory_database.hpp"

namespace vapisync::test {
namespace {

using Resource = MemoryDatabase::Resource;
using Entry = MemoryDatabase::Entry;

/// An entry of a save is in every version from its own on, until a put-back of the save.
bool is_in(const Resource& resource, const std::string& save, int64_t version) {
  bool in = false;
  for (const Entry& entry : resource.entries) {
    if (entry.version > version) break;
    if (entry.save == save) in = !entry.puts_back;
  }
  return in;
}

/// The newest confirmed version with nothing in it that may still go, or went; 0: none.
int64_t base_of(const Resource& resource, int64_t up_to) {
  std::set<std::string> doubtful;
  for (const Entry& entry : resource.entries) {
    const EntryState state = resource.state_of(entry.version);
    const bool decided = state == EntryState::synced || state == EntryState::superseded;
    if (entry.version <= up_to && !entry.puts_back && !decided) doubtful.insert(entry.save);
  }
  for (int64_t version = up_to; version > 0; --version) {
    if (resource.state_of(version) != EntryState::synced) continue;
    const bool clean = std::none_of(doubtful.begin(), doubtful.end(), [&](const auto& save) {
      return is_in(resource, save, version);
    });
    if (clean) return version;
  }
  return 0;
}

/// Does the entry decide this field of Vapi's document? A whole one, or none, decides every field.
bool decides(const Entry& entry, std::string_view field) {
  if (field.empty()) return false;
  if (!entry.ask) return true;
  const auto ask = *json::parse(*entry.ask);
  const json::Value* patch = json::find(ask, "vapi");
  if (patch != nullptr && json::find(*patch, field) != nullptr) return true;
  const bool has_name =
      std::find(std::begin(named_fields), std::end(named_fields), field) != std::end(named_fields);
  return has_name && json::find(ask, field) != nullptr;
}

}  // namespace

std::string MemoryDatabase::fold(const Resource& resource, int64_t up_to) const {
  const int64_t base = base_of(resource, up_to);
  std::string document = base > 0 ? resource.entry(base).payload : std::string();
  for (int64_t version = base + 1; version <= up_to; ++version) {
    const Entry& entry = resource.entry(version);
    if (entry.puts_back || resource.state_of(version) == EntryState::rolled_back) continue;
    document = entry.ask ? apply_ask(document, options_.agent_default, *entry.ask) : entry.payload;
  }
  return document;
}

const MemoryDatabase::Save& MemoryDatabase::save_of(const Resource& resource,
                                                    const Entry& entry) const {
  return saves.at({resource.org_id, entry.save});
}

bool MemoryDatabase::may_be_undone(const Resource& resource, int64_t version) const {
  return std::any_of(resource.entries.begin(), resource.entries.end(), [&](const Entry& entry) {
    const Save& save = save_of(resource, entry);
    const bool open = save.state == SaveState::pending || save.state == SaveState::rolling_back;
    return entry.version <= version && open && save.on_reject == OnReject::rollback;
  });
}

/// Is there something in this version that was undone after it?
bool MemoryDatabase::holds_undone(const Resource& resource, int64_t version) const {
  return std::any_of(resource.entries.begin(), resource.entries.end(), [&](const Entry& entry) {
    return entry.puts_back && entry.version > version && is_in(resource, entry.save, version);
  });
}

/// Of the pending saves in a refused version those that decide the field that Vapi names, else all;
/// what Vapi holds already is suspected only when nothing newer is.
MemoryDatabase::Guilty MemoryDatabase::guilty_of(const Resource& resource, int64_t version,
                                                 const std::string& path) const {
  const std::string field = path.substr(0, path.find_first_of(".["));
  const auto find_among = [&](auto&& is_suspect) {
    std::vector<const Entry*> suspects;
    for (const Entry& entry : resource.entries) {
      const bool pending = save_of(resource, entry).state == SaveState::pending;
      if (entry.version <= version && pending && is_suspect(entry)) suspects.push_back(&entry);
    }
    const auto is_new = [&](const Entry* entry) { return entry->version > resource.live; };
    const bool any_new = std::any_of(suspects.begin(), suspects.end(), is_new);
    std::vector<std::string> names;
    for (const Entry* entry : suspects) {
      const bool goes = save_of(resource, *entry).on_reject == OnReject::rollback;
      if (goes && (is_new(entry) || !any_new)) names.push_back(entry->save);
    }
    return names;
  };
  Guilty guilty;
  guilty.saves = find_among([&](const Entry& entry) { return decides(entry, field); });
  guilty.by_field = !guilty.saves.empty();
  if (!guilty.by_field) guilty.saves = find_among([](const Entry&) { return true; });
  return guilty;
}

bool MemoryDatabase::is_any_held(const std::string& org_id,
                                 const std::vector<std::string>& of_saves) const {
  return std::any_of(resources.begin(), resources.end(), [&](const auto& item) {
    const Resource& resource = item.second;
    const auto& entries = resource.entries;
    return resource.held && resource.org_id == org_id &&
           std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
             return std::find(of_saves.begin(), of_saves.end(), entry.save) != of_saves.end();
           });
  });
}

/// A version is refused in which there are saves that are to be rolled back.
db::Receipt MemoryDatabase::settle_refusal(Resource& resource, const db::Report& report,
                                           TimePoint now) {
  const db::Claim& claim = *report.claim;
  const bool touched = resource.generation != claim.generation;
  const bool again = touched && holds_undone(resource, claim.version);
  const std::string& id = report.remote.id;
  const bool moved = !id.empty() && id != resource.remote.id;
  if (again && moved && !touch_dependents(resource, {}, now)) return {db::Recorded::held, false};
  if (!again) {
    const Guilty guilty =
        guilty_of(resource, claim.version, report.error ? report.error->path : std::string());
    if (is_any_held(resource.org_id, guilty.saves)) return {db::Recorded::held, false};
    if (moved && !touch_dependents(resource, {}, now)) return {db::Recorded::held, false};
    std::set<std::string> being_undone;
    for (int64_t version = resource.settled + 1; version <= claim.version; ++version) {
      const Entry& entry = resource.entry(version);
      if (entry.puts_back) being_undone.insert(entry.save);
    }
    undo(resource.org_id, guilty.saves, report.error, now);
    if (!guilty.by_field) {
      if (resource.desired > claim.version) {
        put_back(resource, {being_undone.begin(), being_undone.end()}, now);
      }
      fail_entries(resource, report);
      resource.settled = std::max(resource.settled, claim.version);
    }
  }
  keep_what_it_learnt(resource, report, touched, now);
  const bool newer = resource.desired > claim.version;
  if (!again && !newer) resource.last_error = report.error.value_or(Error{});
  return move_on(resource, report, true, newer || touched, now);
}

void MemoryDatabase::undo(const std::string& org_id, const std::vector<std::string>& guilty,
                          const std::optional<Error>& error, TimePoint now) {
  for (const auto& name : guilty) {
    Save& save = saves.at({org_id, name});
    save.state = SaveState::rolling_back;
    save.worst = Rank::superseded;
    if (error) save.error = error;
  }
  std::map<int64_t, std::vector<std::string>> members;
  for (auto& [id, resource] : resources) {
    if (resource.org_id != org_id) continue;
    for (Entry& entry : resource.entries) {
      if (std::find(guilty.begin(), guilty.end(), entry.save) == guilty.end()) continue;
      entry.ended = Ended{EntryState::rolled_back, error, ""};
      members[id].push_back(entry.save);
    }
  }
  // Only now, when every fold leaves all of them out.
  for (const auto& [id, its_saves] : members) put_back(resources.at(id), its_saves, now);
}

/// One document in the name of each save, and so one call.
void MemoryDatabase::put_back(Resource& resource, const std::vector<std::string>& for_saves,
                              TimePoint now) {
  const std::string document = fold(resource, resource.desired);
  for (const auto& name : for_saves) {
    Entry entry;
    entry.save = name;
    entry.op = document.empty() ? core::Op::remove : core::Op::upsert;
    entry.payload = document;
    entry.puts_back = true;
    append(resource, std::move(entry), now);
    ++saves.at({resource.org_id, name}).open_count;
  }
}

/// What was sent in vain ends. A put-back fails its save only where Vapi still has what that asked,
/// or may have it, and says nothing when it goes again in a newer version.
void MemoryDatabase::fail_entries(Resource& resource, const db::Report& report) {
  const int64_t sent = report.claim->version;
  const std::optional<Error>& error = report.error;
  const bool goes_again = resource.desired > sent;
  const bool unknown = resource.live == 0 && !report.remote.id.empty();
  for (int64_t version = resource.settled + 1; version <= sent; ++version) {
    Entry& entry = resource.entries.at(static_cast<size_t>(version - 1));
    const bool judged = !entry.ended && !(entry.puts_back && goes_again);
    const bool hurts = !entry.puts_back || unknown || is_in(resource, entry.save, resource.live);
    if (judged) entry.ended = Ended{EntryState::failed, error, ""};
    const bool fails = judged && hurts;
    move_save(resource.org_id, entry.save, fails ? Rank::failed : Rank::superseded,
              fails ? error : std::nullopt);
  }
}

}  // namespace vapisync::test
