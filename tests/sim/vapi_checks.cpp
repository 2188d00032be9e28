// What must never be sent, whatever goes wrong.
#include <algorithm>
#include <fmt/format.h>

#include "base/json.hpp"
#include "core/marker.hpp"
#include "sim/vapi_letter.hpp"

namespace vapisync::sim {
namespace {

/// The words by which a version is known.
std::string_view stamp_in(const json::Value& document) {
  return json::text_or(document, "firstMessage", json::text_or(document, "content", ""));
}

std::string content_of(const sandbox::Object& object) {
  const auto marker = core::read_marker(*json::parse(object.config));
  return marker ? marker->content : std::string();
}

}  // namespace

void Vapi::check_before_sending(Caller& caller, const Letter& letter) {
  ++requests;
  stage_.world.note(http::to_string(letter.request.method), letter.resource);
  stage_.tell(fmt::format("{} -> {} {} {}", caller.name, http::to_string(letter.request.method),
                          letter.request.target, letter.request.body));
  if (caller.in_flight[letter.request.bearer.reveal()] >= stage_.swarm.in_flight) {
    stage_.complain(
        fmt::format("{} has more than {} requests in flight", caller.name, stage_.swarm.in_flight));
  }
  if (letter.resource == 0) return;
  if (letter.request.method == http::Method::del) check_delete(caller, letter);
  if (letter.cleans) return check_leftover(caller, letter);
  const auto claimed = caller.store->claimed_at(letter.resource);
  if (!claimed) {
    stage_.complain(
        fmt::format("{} sends for resource {} without a claim", caller.name, letter.resource));
    return;
  }
  check_account(caller, letter);
  if (is_of_the_past(caller, letter)) return;
  if (caller.busy.contains(letter.resource)) {
    stage_.complain(
        fmt::format("{} has two requests of resource {} in flight", caller.name, letter.resource));
  }
  for (const Caller* other : callers_) {
    if (other == &caller) continue;
    if (other->busy.contains(letter.resource) && !other->process->frozen()) {
      stage_.complain(fmt::format("{} and {} have requests of resource {} in flight", caller.name,
                                  other->name, letter.resource));
    }
  }
  if (letter.request.method == http::Method::post) check_create(letter);
  if (!letter.request.body.empty()) check_version(letter);
}

/// Does the caller work on the resource that holds this object?
bool Vapi::is_claimed(const Caller& caller, const Letter& letter) const {
  return letter.resource != 0 && caller.store->claimed_at(letter.resource) &&
         stage_.database.resources.at(letter.resource).remote.id == letter.id;
}

/// What a process that was stopped meanwhile still sends, nobody can prevent, nor what goes on in
/// an account that its org has just left; it must be repaired.
bool Vapi::is_of_the_past(const Caller& caller, const Letter& letter) const {
  const auto claimed = caller.store->claimed_at(letter.resource);
  const TimePoint changed = stage_.key_changed_at(org_of(letter.resource));
  return (claimed && *claimed <= std::max(caller.thawed_at, changed)) ||
         letter.sent < std::max(caller.thawed_at, changed);
}

/// No org's key is ever used for another org, nor one that it has no more.
void Vapi::check_account(const Caller& caller, const Letter& letter) {
  const std::string& org = org_of(letter.resource);
  const auto claimed = caller.store->claimed_at(letter.resource);
  if (claimed && *claimed <= stage_.key_changed_at(org)) return;
  if (letter.request.bearer.reveal() != stage_.key_of(org)) {
    stage_.complain(fmt::format("{} works on resource {} with a key that is not its org's",
                                caller.name, letter.resource));
  }
}

/// Nothing causes a create before it is certain that no earlier one of the resource stands or will;
/// what is to be deleted as a duplicate does not count, so that nothing is kept that the Janitor is
/// about to delete.
void Vapi::check_create(const Letter& letter) {
  if (creates_under_way_[{letter.resource, letter.era}] > 0) {
    stage_.complain(
        fmt::format("a second create of resource {} while one is under way", letter.resource));
  }
  const auto& resource = stage_.database.resources.at(letter.resource);
  const auto marker = core::read_marker(*json::parse(letter.request.body));
  for (const auto& [object, account] : objects()) {
    if (owner_of(*object) != letter.resource) continue;
    const bool excused = clones.contains(object->id) || late_creates_.contains(object->id) ||
                         is_of_the_past(object->id) ||
                         goes(letter.resource, account->org_id, object->id);
    // Of what can't be changed a new document is a new object; one that is known may be as it was.
    const bool is_other = !marker->content.empty() &&
                          (content_of(*object) != marker->content || is_known(resource, *object));
    if (!excused && !is_other) {
      stage_.complain(
          fmt::format("a create of resource {}, which has object {}", letter.resource, object->id));
    }
  }
}

bool Vapi::goes(int64_t resource, const std::string& account, const std::string& id) const {
  return !stage_.database
              .held_elsewhere(resource,
                              {account, stage_.database.resources.at(resource).kind, {id}})
              .empty();
}

/// What is at rest must have let go of what is deleted.
void Vapi::check_delete(const Caller& caller, const Letter& letter) {
  if (is_of_the_past(caller, letter)) return;
  for (const auto& [id, resource] : stage_.database.resources) {
    if (stage_.database.work.contains(id) || drifted.contains(id)) continue;
    // What a lost create left there, and nobody could confirm since, is not known to refer.
    if (resource.live == 0) continue;
    const sandbox::Object* object = find(resource.remote.id);
    if (object == nullptr || object->config.find(letter.id) == std::string::npos) continue;
    stage_.complain(fmt::format("{} deletes {}, and {} of resource {} refers to it", caller.name,
                                letter.id, object->id, id));
  }
}

/// Does the database know of this object of the resource?
bool Vapi::is_known(const Resource& resource, const sandbox::Object& object) const {
  const auto& leftovers = stage_.database.leftovers;
  return resource.remote.id == object.id ||
         std::any_of(leftovers.begin(), leftovers.end(),
                     [&](const auto& leftover) { return leftover.remote_id == object.id; });
}

/// Nothing is deleted that a resource holds, nor a copy of it that a user made.
void Vapi::check_leftover(const Caller& caller, const Letter& letter) {
  if (letter.request.method != http::Method::del) return;
  const auto& resource = stage_.database.resources.at(letter.resource);
  if (resource.remote.id == letter.id) {
    stage_.complain(fmt::format("{} deletes {} as a leftover, and resource {} holds it",
                                caller.name, letter.id, letter.resource));
  }
  const sandbox::Object* object = find(letter.id);
  if (object == nullptr || !clones.contains(letter.id)) return;
  const auto marker = core::read_marker(*json::parse(object->config));
  if (marker && marker->attempt == resource.remote.marker) {
    stage_.complain(fmt::format("{} deletes {}, which a user copied from what resource {} holds",
                                caller.name, letter.id, letter.resource));
  }
}

/// Superseded versions are never sent once a newer one was confirmed.
void Vapi::check_version(const Letter& letter) {
  const auto& resource = stage_.database.resources.at(letter.resource);
  const auto sent = json::parse(letter.request.body);
  const std::string_view stamp = stamp_in(*sent);
  int64_t newest = 0;
  for (const auto& entry : resource.entries) {
    if (entry.payload.empty()) continue;
    const auto payload = json::parse(entry.payload);
    if (stamp_in(*payload) == stamp) newest = entry.version;
  }
  if (newest < resource.live) {
    stage_.complain(fmt::format("version {} of resource {} is sent, and {} is confirmed", newest,
                                letter.resource, resource.live));
  }
}

}  // namespace vapisync::sim
