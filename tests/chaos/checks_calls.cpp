// The journal, read in the order of arrival.
#include <algorithm>
#include <fmt/format.h>

#include "chaos/checks.hpp"

namespace vapisync::chaos {
namespace {

/// The versions that a body may be: a put-back may look like what was wanted before.
struct Versions {
  int64_t oldest{0};
  int64_t newest{0};
};

class Calls {
 public:
  Calls(const Evidence& evidence, Complaints& complaints)
      : evidence_(evidence), complaints_(complaints) {
    for (const auto& [id, resource] : evidence.books.resources) index(resource);
  }

  StaleSends check() {
    for (const auto& call : *evidence_.calls) take(call);
    return stale_;
  }

 private:
  struct Seen {
    int64_t newest{0};       ///< the newest version that Vapi surely has taken
    int64_t spoiled_at{-1};  ///< when an older one was taken after it
  };

  void index(const Resource& resource);
  void take(const Call& call);
  void take_version(const Resource& resource, const Call& call);
  void check_reach(const Resource& resource, const Call& call);
  [[nodiscard]] bool may_be_late(const Call& call) const;
  [[nodiscard]] bool may_be_last_look(const Call& call) const;

  const Evidence& evidence_;
  Complaints& complaints_;
  using Key = std::pair<int64_t, Content>;
  std::map<Key, Versions> versions_;
  std::set<Key> confirmed_under_failed_;
  std::map<int64_t, Seen> seen_;
  std::map<std::string, int64_t> owners_;  ///< of objects, by their creation
  StaleSends stale_;
};

void Calls::take(const Call& call) {
  if (call.changed == "created") owners_[call.object] = call.owner.resource;
  if (call.owner.resource == 0) return;
  const auto resource = evidence_.books.resources.find(call.owner.resource);
  if (resource == evidence_.books.resources.end()) {
    complaints_.push_back(fmt::format("call {} speaks for resource {}, which nobody knows",
                                      call.seq, call.owner.resource));
    return;
  }
  check_reach(resource->second, call);
  // What lands late was sent when it arrived; refused and lost requests leave nothing behind.
  if (!call.landed_late && call.executed) take_version(resource->second, call);
}

void Calls::check_reach(const Resource& resource, const Call& call) {
  if (!resource.account.empty() && call.account != resource.account) {
    complaints_.push_back(
        fmt::format("call {} went to the account {}, resource {} ({}) lives in {}", call.seq,
                    call.account, resource.id, resource.name(), resource.account));
  }
  const auto owner = owners_.find(call.object);
  if (owner != owners_.end() && owner->second != resource.id) {
    complaints_.push_back(fmt::format("call {} wrote resource {} into object {} of resource {}",
                                      call.seq, resource.id, call.object, owner->second));
  }
}

void Calls::index(const Resource& resource) {
  const Entry* confirmed = nullptr;
  for (const auto& entry : resource.entries) {
    if (entry.state == "failed" && confirmed != nullptr) {
      confirmed_under_failed_.emplace(resource.id, confirmed->content);
    }
    if (entry.state == "synced") confirmed = &entry;
    if (entry.is_delete) continue;
    auto& versions = versions_[{resource.id, entry.content}];
    if (versions.oldest == 0) versions.oldest = entry.version;
    versions.newest = entry.version;
  }
}

/// What is refused leaves in place what was confirmed last, and a last look restores that.
bool Calls::may_be_last_look(const Call& call) const {
  return confirmed_under_failed_.contains({call.owner.resource, call.content});
}

void Calls::take_version(const Resource& resource, const Call& call) {
  const auto found = versions_.find({resource.id, call.content});
  if (found == versions_.end()) {
    complaints_.push_back(fmt::format("call {} sent what resource {} ({}) never wanted: {}",
                                      call.seq, resource.id, resource.name(),
                                      to_text(call.content)));
    return;
  }
  const Versions versions = found->second;
  Seen& seen = seen_[resource.id];
  if (versions.newest >= seen.newest) {
    seen.newest = std::max(seen.newest, versions.oldest);
    if (seen.spoiled_at >= 0) {
      stale_.longest_repair =
          std::max(stale_.longest_repair, Milliseconds{call.at_ms - seen.spoiled_at});
    }
    seen.spoiled_at = -1;
    return;
  }
  if (may_be_last_look(call)) return;
  if (may_be_late(call)) {
    ++stale_.allowed;
    seen.spoiled_at = call.at_ms;
    return;
  }
  complaints_.push_back(fmt::format(
      "call {} ({} {}) sent version {} of resource {} ({}) after Vapi had taken version {}: {}",
      call.seq, call.method, call.object, versions.newest, resource.id, resource.name(),
      seen.newest, to_text(call.content)));
}

bool Calls::may_be_late(const Call& call) const {
  return std::any_of(
      evidence_.late_times.begin(), evidence_.late_times.end(),
      [&](const auto& time) { return call.at_ms >= time.from_ms && call.at_ms <= time.until_ms; });
}

}  // namespace

StaleSends check_calls(const Evidence& evidence, Complaints& complaints) {
  return Calls(evidence, complaints).check();
}

}  // namespace vapisync::chaos
