#include "sim/checks.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.hpp"
#include "core/marker.hpp"
#include "core/references.hpp"
#include "sim/users.hpp"

namespace vapisync::sim {
namespace {

using test::EntryState;
using test::SaveState;
using Resource = test::MemoryDatabase::Resource;
using Save = test::MemoryDatabase::Save;

std::string canonical(const std::string& document) {
  return document.empty() ? "nothing" : json::canonical(*json::parse(document));
}

bool is_nothing(const json::Value* value) {
  return value == nullptr || value->IsNull();
}

/// Everything of Vapi's that is marked as ours.
std::map<int64_t, std::vector<Vapi::Place>> objects_by_owner(const Vapi& vapi) {
  std::map<int64_t, std::vector<Vapi::Place>> out;
  for (const auto& place : vapi.objects()) out[Vapi::owner_of(*place.object)].push_back(place);
  return out;
}

/// What the entries of a save say, read independently of how the daemon counted.
struct Told {
  int asked{0};
  int undone{0};
  int worst{0};  ///< of what was not undone
  bool stuck{false};
};

std::map<std::pair<std::string, std::string>, Told> read_entries(const Stage& stage) {
  std::map<std::pair<std::string, std::string>, Told> told;
  for (const auto& [id, resource] : stage.database.resources) {
    for (const auto& entry : resource.entries) {
      Told& save = told[{resource.org_id, entry.save}];
      const EntryState state = resource.state_of(entry.version);
      if (entry.puts_back) {
        save.stuck = save.stuck || state == EntryState::failed;
        continue;
      }
      ++save.asked;
      save.undone += state == EntryState::rolled_back;
      const int rank = state == EntryState::failed ? 2 : state == EntryState::synced;
      save.worst = std::max(save.worst, rank);
    }
  }
  return told;
}

class Checks {
 public:
  Checks(Stage& stage, const Vapi& vapi) : stage_(stage), vapi_(vapi) {}

  void check_saves();
  void check_resource(const Resource& resource, const std::vector<Vapi::Place>& found);

 private:
  void check_undone_save(const std::string& name, const Save& save, const Told& entries);
  void check_what_is_wanted(const Resource& resource);
  [[nodiscard]] bool is_undone(const Resource& resource, const std::string& save) const;
  void check_nothing_undone_is_left(const Resource& resource, const sandbox::Object& object);
  void check_entries(const Resource& resource);
  void check_contents(const Resource& resource, const sandbox::Object& object);
  void check_object_of(const Resource& resource, const std::vector<Vapi::Place>& found,
                       bool wanted);
  void check_old_references(const Resource& resource, const json::Value* ids);
  [[nodiscard]] json::Document with_ids(const Resource& resource,
                                        const std::string& document) const;
  [[nodiscard]] bool is_insisted_on(const Resource& resource, const std::string& key) const;
  [[nodiscard]] bool is_listed(const Resource& resource, const Vapi::Place& found) const;
  template <class... T>
  void complain(fmt::format_string<T...> format, T&&... values) {
    stage_.complain(fmt::format(format, std::forward<T>(values)...));
  }

  Stage& stage_;
  const Vapi& vapi_;
};

void Checks::check_saves() {
  const auto told = read_entries(stage_);
  for (const auto& [name, save] : stage_.database.saves) {
    if (save.open_count != 0) {
      complain("save {} is {} with {} open members", name.second, to_string(save.state),
               save.open_count);
    }
    const Told& entries = told.at(name);
    if (entries.undone > 0) {
      check_undone_save(name.second, save, entries);
      continue;
    }
    const SaveState expected = entries.worst == 2   ? SaveState::failed
                               : entries.worst == 1 ? SaveState::synced
                                                    : SaveState::superseded;
    if (save.state != expected) {
      complain("save {} is {}, but its entries say {}", name.second, to_string(save.state),
               to_string(expected));
    }
    if (save.on_reject == test::OnReject::rollback && save.state == SaveState::failed) {
      complain("save {} has failed, and was not undone", name.second);
    }
  }
  for (const auto& request : stage_.saved) {
    if (!told.contains({request.org_id, request.request_id})) {
      complain("save {} is lost", request.request_id);
    }
  }
}

void Checks::check_undone_save(const std::string& name, const Save& save, const Told& entries) {
  if (save.on_reject == test::OnReject::hold) complain("save {} holds, and was undone", name);
  if (entries.undone != entries.asked) {
    complain("save {} is undone in {} of {} parts", name, entries.undone, entries.asked);
  }
  // A refused put-back fails its save where Vapi had something of it; elsewhere it does not matter.
  const bool stuck = entries.stuck && save.state == SaveState::failed;
  if (save.state != SaveState::rolled_back && !stuck) {
    complain("save {} is {}, but its entries were undone", name, to_string(save.state));
  }
}

/// What users asked for, told without looking at any payload: in the order in which they were told
/// that it is saved, without what was undone.
void Checks::check_what_is_wanted(const Resource& resource) {
  std::string wanted;
  for (const auto& request : stage_.saved) {
    if (request.org_id != resource.org_id || is_undone(resource, request.request_id)) continue;
    for (const auto& change : request.changes) {
      if (change.key != resource.key || change.kind != resource.kind) continue;
      wanted = change.op == test::Change::Op::ask
                   ? test::apply_ask(wanted, std::string(agent_default), change.document)
                   : change.document;
    }
  }
  const std::string& newest = resource.entry(resource.desired).payload;
  if (canonical(newest) != canonical(wanted)) {
    complain("resource {}: wanted is {}, but asked was {}", resource.id, newest, wanted);
  }
}

bool Checks::is_undone(const Resource& resource, const std::string& save) const {
  return std::any_of(resource.entries.begin(), resource.entries.end(), [&](const auto& entry) {
    return entry.save == save && !entry.puts_back &&
           resource.state_of(entry.version) == EntryState::rolled_back;
  });
}

/// Nothing of an undone save is left in what Vapi has, unless Vapi refused to give it up.
void Checks::check_nothing_undone_is_left(const Resource& resource, const sandbox::Object& object) {
  for (const auto& entry : resource.entries) {
    if (entry.puts_back || !is_undone(resource, entry.save)) continue;
    const auto& save = stage_.database.saves.at({resource.org_id, entry.save});
    if (save.state == SaveState::failed) continue;
    if (object.config.find(stamp_of(entry.save)) != std::string::npos) {
      complain("resource {}: something of {} is left, which was undone: {}", resource.id,
               entry.save, object.config);
    }
  }
}

void Checks::check_entries(const Resource& resource) {
  if (resource.settled != resource.desired) {
    complain("resource {} is settled at {} of {}", resource.id, resource.settled, resource.desired);
  }
  for (const auto& entry : resource.entries) {
    if (resource.state_of(entry.version) == EntryState::pending) {
      complain("entry {}.{} is pending for ever", resource.id, entry.version);
    }
  }
  const EntryState last = resource.state_of(resource.desired);
  // Another account may refuse what the one before had taken.
  if (resource.last_error && resource.live == 0 &&
      stage_.era_of(resource.org_id, stage_.world.now()) > 0)
    return;
  // A look may later find that Vapi took what it had refused, or refuses what it had taken; the
  // outcome stays what it was.
  const bool stands = resource.live == resource.desired;
  if (!stands && resource.last_error.has_value() != (last == EntryState::failed)) {
    complain("resource {} is {}, its newest entry {}", resource.id,
             resource.last_error ? "blocked" : "not blocked", to_string(last));
  }
  if (last == EntryState::synced && resource.live != resource.desired) {
    complain("resource {} is synced at {}, but live at {}", resource.id, resource.desired,
             resource.live);
  }
}

/// By its id, by the create that made it, or as what a create may have left in an account.
bool Checks::is_listed(const Resource& resource, const Vapi::Place& found) const {
  const auto& leftovers = stage_.database.leftovers;
  const auto marker = core::read_marker(*json::parse(found.object->config));
  const std::string open_create = fmt::format("/{}/", resource.id);
  return std::any_of(leftovers.begin(), leftovers.end(), [&](const auto& leftover) {
    if (!leftover.remote_id.empty()) return leftover.remote_id == found.object->id;
    const bool is_here =
        leftover.account_id.empty() || leftover.account_id == found.account->org_id;
    return is_here && (leftover.marker == marker->attempt ||
                       (leftover.marker + "/").find(open_create) != std::string::npos);
  });
}

void Checks::check_resource(const Resource& resource, const std::vector<Vapi::Place>& found) {
  check_entries(resource);
  check_what_is_wanted(resource);
  // A blocked resource stays as it was confirmed last.
  const int64_t standing = resource.last_error ? resource.live : resource.desired;
  const bool wanted = standing > 0 && resource.entry(standing).op == core::Op::upsert;
  check_object_of(resource, found, wanted);
}

void Checks::check_object_of(const Resource& resource, const std::vector<Vapi::Place>& found,
                             bool wanted) {
  const sandbox::Object* held = nullptr;
  const auto change = stage_.key_changes.find(resource.org_id);
  const bool came_back = change != stage_.key_changes.end() && change->second.came_back;
  const auto is_old = [&](const std::string& id) { return came_back && vapi_.is_of_the_past(id); };
  for (const auto& one : found) {
    if (one.object->id == resource.remote.id) {
      held = one.object;
    } else if (!vapi_.clones.contains(one.object->id) && !is_old(one.object->id) &&
               !is_listed(resource, one)) {
      complain("resource {} has an orphan: {}", resource.id, one.object->id);
    }
  }
  if (!wanted) {
    if (held != nullptr && !resource.last_error) {
      complain("resource {} is wanted no more, but {} stands", resource.id, held->id);
    }
    return;
  }
  if (held != nullptr && !vapi_.is_in_account(*held, account_of(stage_.key_of(resource.org_id)))) {
    complain("resource {} has its object {} in another account than its org's", resource.id,
             held->id);
  }
  // That it is gone is found by writing to it, and not everything that is refused was written.
  if (held == nullptr && resource.last_error && vapi_.drifted.contains(resource.id)) return;
  if (held == nullptr) {
    complain("resource {} should be there, but {} is not", resource.id, resource.remote.id);
    return;
  }
  check_contents(resource, *held);
}

/// What is refused can't be given the new ids of what it refers to; so the old objects stay.
void Checks::check_old_references(const Resource& resource, const json::Value* ids) {
  if (is_nothing(ids) || !vapi_.drifted.empty()) return;
  // A rollback took it away while this was on its way to Vapi, and says so.
  if (resource.last_error->code == "reference_gone") return;
  for (const auto& id : ids->GetArray()) {
    if (vapi_.find(json::text(id)) != nullptr) continue;
    complain("resource {} refers to {}, which is gone", resource.id, json::text(id));
  }
}

/// Vapi drops this key or holds on to it, whatever we send.
bool Checks::is_insisted_on(const Resource& resource, const std::string& key) const {
  return resource.last_error && (stage_.swarm.stuck || stage_.swarm.drops) &&
         key == "voicemailMessage";
}

/// With the ids that what it refers to has now.
json::Document Checks::with_ids(const Resource& resource, const std::string& document) const {
  auto parsed = json::parse(document);
  core::resolve(*parsed, [&](std::string_view name) -> std::string_view {
    for (const auto& [id, target] : stage_.database.resources) {
      const bool is_it =
          target.org_id == resource.org_id && fmt::format("{}/{}", target.kind, target.key) == name;
      if (is_it) return target.remote.id;
    }
    return {};
  });
  return std::move(*parsed);
}

void Checks::check_contents(const Resource& resource, const sandbox::Object& object) {
  // Where Vapi refuses every document that leaves out a key, nothing can be put back.
  if (resource.last_error && stage_.swarm.stuck && !stage_.swarm.stuck_silently) return;
  // Looking again sends what is wanted, and that is refused still.
  if (resource.last_error && vapi_.drifted.contains(resource.id)) return;
  check_nothing_undone_is_left(resource, object);
  const int64_t standing = resource.last_error ? resource.live : resource.desired;
  const auto& entry = resource.entry(standing);
  const std::string warnings = entry.ended ? entry.ended->warnings : "";
  // An outcome stays what it was, when Vapi takes later what it had refused.
  const bool untold = stage_.swarm.normalises && resource.state_of(standing) == EntryState::failed;
  const auto stored = json::parse(object.config);
  const auto wanted = with_ids(resource, entry.payload);
  for (const auto& member : wanted.GetObject()) {
    const std::string key(json::text(member.name));
    const json::Value* value = json::find(*stored, key);
    if (is_insisted_on(resource, key)) continue;
    if (untold && key == "endCallMessage") continue;
    if (resource.last_error && (key == "credentialIds" || key == "parts")) {
      check_old_references(resource, value);
      continue;
    }
    if (key == "metadata" || warnings.find('"' + key + '"') != std::string::npos) continue;
    if (is_nothing(value) || !json::equal(*value, member.value)) {
      complain("resource {}: {} is {}, not {}", resource.id, key,
               value == nullptr ? "absent" : json::to_text(*value), json::to_text(member.value));
    }
  }
  // A copy that took the place of a lost original brings along what it was copied with.
  if (vapi_.clones.contains(object.id)) return;
  for (const auto& member : stored->GetObject()) {
    const std::string key(json::text(member.name));
    if (key == "metadata" || member.value.IsNull() || json::find(wanted, key) != nullptr) continue;
    if (is_insisted_on(resource, key)) continue;
    if (vapi_.edited_keys.contains(object.id + "/" + key)) continue;
    if (key == "maxDurationSeconds" && member.value == 600) continue;  // what a reset leaves
    complain("resource {}: {} is {}, and is wanted no more", resource.id, key,
             json::to_text(member.value));
  }
}

}  // namespace

void check_promises(Stage& stage, const Vapi& vapi) {
  Checks checks(stage, vapi);
  checks.check_saves();
  const auto found = objects_by_owner(vapi);
  for (const auto& [id, resource] : stage.database.resources) {
    const auto ours = found.find(id);
    checks.check_resource(resource, ours == found.end() ? decltype(ours->second){} : ours->second);
  }
}

}  // namespace vapisync::sim
