#include "sim/checks.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.hpp"
#include "core/marker.hpp"

namespace vapisync::sim {
namespace {

using test::EntryState;
using test::SaveState;
using Resource = test::MemoryDatabase::Resource;

bool is_nothing(const json::Value* value) {
  return value == nullptr || value->IsNull();
}

/// Everything of Vapi's that is marked as ours, clones apart.
std::map<int64_t, std::vector<const sandbox::Object*>> objects_by_owner(const Vapi& vapi) {
  std::map<int64_t, std::vector<const sandbox::Object*>> out;
  for (const auto& account : vapi.objects().accounts()) {
    for (const auto& [place, object] : account->collections["assistant"].objects()) {
      out[Vapi::owner_of(object)].push_back(&object);
    }
  }
  return out;
}

class Checks {
 public:
  Checks(Stage& stage, const Vapi& vapi) : stage_(stage), vapi_(vapi) {}

  void check_saves();
  void check_resource(const Resource& resource, const std::vector<const sandbox::Object*>& found);

 private:
  void check_entries(const Resource& resource);
  void check_contents(const Resource& resource, const sandbox::Object& object);
  void check_object_of(const Resource& resource, const std::vector<const sandbox::Object*>& found,
                       bool wanted);
  [[nodiscard]] bool is_insisted_on(const Resource& resource, const std::string& key) const;
  [[nodiscard]] bool is_listed(const sandbox::Object& object) const;
  template <class... T>
  void complain(fmt::format_string<T...> format, T&&... values) {
    stage_.complain(fmt::format(format, std::forward<T>(values)...));
  }

  Stage& stage_;
  const Vapi& vapi_;
};

void Checks::check_saves() {
  for (const auto& [name, save] : stage_.database.saves) {
    if (save.state == SaveState::pending || save.state == SaveState::rolling_back) {
      complain("save {} of {} never ends: {}", name.second, name.first, to_string(save.state));
    }
    if (save.open_count != 0) {
      complain("save {} has ended with {} open members", name.second, save.open_count);
    }
    // What its entries say, read independently of how the daemon counted.
    int worst = 0;
    for (const auto& [id, resource] : stage_.database.resources) {
      if (resource.org_id != name.first) continue;
      for (const auto& entry : resource.entries) {
        if (entry.save != name.second) continue;
        const EntryState state = resource.state_of(entry.version);
        worst = std::max(worst, state == EntryState::failed ? 2 : state == EntryState::synced);
      }
    }
    const SaveState expected = worst == 2   ? SaveState::failed
                               : worst == 1 ? SaveState::synced
                                            : SaveState::superseded;
    if (save.state != expected) {
      complain("save {} is {}, but its entries say {}", name.second, to_string(save.state),
               to_string(expected));
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

bool Checks::is_listed(const sandbox::Object& object) const {
  const auto& leftovers = stage_.database.leftovers;
  const auto marker = core::read_marker(*json::parse(object.config));
  return std::any_of(leftovers.begin(), leftovers.end(), [&](const auto& leftover) {
    return leftover.remote_id.empty() ? leftover.marker == marker->attempt
                                      : leftover.remote_id == object.id;
  });
}

void Checks::check_resource(const Resource& resource,
                            const std::vector<const sandbox::Object*>& found) {
  check_entries(resource);
  // A blocked resource stays as it was confirmed last.
  const int64_t standing = resource.last_error ? resource.live : resource.desired;
  const bool wanted = standing > 0 && resource.entry(standing).op == core::Op::upsert;
  check_object_of(resource, found, wanted);
}

void Checks::check_object_of(const Resource& resource,
                             const std::vector<const sandbox::Object*>& found, bool wanted) {
  const sandbox::Object* held = nullptr;
  // A copy can be taken for the create that is still on its way; what then lands is one too many.
  const bool copy_is_held = vapi_.clones.contains(resource.remote.id);
  for (const auto* object : found) {
    if (object->id == resource.remote.id) {
      held = object;
    } else if (!copy_is_held && !vapi_.clones.contains(object->id) && !is_listed(*object)) {
      complain("resource {} has an orphan: {}", resource.id, object->id);
    }
  }
  if (!wanted) {
    if (held != nullptr && !resource.last_error) {
      complain("resource {} is wanted no more, but {} stands", resource.id, held->id);
    }
    return;
  }
  if (held == nullptr) {
    complain("resource {} should be there, but {} is not", resource.id, resource.remote.id);
    return;
  }
  check_contents(resource, *held);
}

/// Vapi drops this key or holds on to it, whatever we send.
bool Checks::is_insisted_on(const Resource& resource, const std::string& key) const {
  return resource.last_error && (stage_.swarm.stuck || stage_.swarm.drops) &&
         key == "voicemailMessage";
}

void Checks::check_contents(const Resource& resource, const sandbox::Object& object) {
  // Where Vapi refuses every document that leaves out a key, nothing can be put back.
  if (resource.last_error && stage_.swarm.stuck && !stage_.swarm.stuck_silently) return;
  // Looking again sends what is wanted, and that is refused still.
  if (resource.last_error && vapi_.drifted.contains(resource.id)) return;
  const int64_t standing = resource.last_error ? resource.live : resource.desired;
  const auto& entry = resource.entry(standing);
  const std::string warnings = entry.ended ? entry.ended->warnings : "";
  const auto stored = json::parse(object.config);
  const auto wanted = json::parse(entry.payload);
  for (const auto& member : wanted->GetObject()) {
    const std::string key(json::text(member.name));
    const json::Value* value = json::find(*stored, key);
    if (is_insisted_on(resource, key)) continue;
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
    if (key == "metadata" || member.value.IsNull() || json::find(*wanted, key) != nullptr) continue;
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
