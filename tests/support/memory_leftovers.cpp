// Remote objects that may not be kept, in the database in memory: what is listed, and when it goes.
#include <algorithm>
#include <fmt/format.h>

#include "support/memory_database.hpp"

namespace vapisync::test {

void MemoryDatabase::list_leftover(Leftover leftover) {
  const auto known = std::ranges::find_if(leftovers, [&](const Leftover& other) {
    return other.account_id == leftover.account_id && other.kind == leftover.kind &&
           other.object() == leftover.object();
  });
  if (known == leftovers.end()) {
    leftovers.push_back(std::move(leftover));
  } else if (leftover.reason == "open_create" && leftover.due_at) {
    known->due_at = leftover.due_at;
  }
}

/// Only what is surely ours, and nobody's any more, has a time to go; by then it can be read.
std::optional<TimePoint> MemoryDatabase::leftover_due(const std::string& reason,
                                                      TimePoint now) const {
  const bool is_ours = reason == "late_create" || reason == "open_create" ||
                       reason == "duplicate" || reason == "replaced";
  return is_ours ? std::optional(now + options_.late_window) : std::nullopt;
}

/// By which key its account can be reached: the org's, or the platform's.
std::optional<int64_t> MemoryDatabase::credential_for(const Leftover& leftover,
                                                      TimePoint now) const {
  const int64_t own = credential_of(resources.at(leftover.resource_id).org_id);
  for (const int64_t id : {own, platform_credential}) {
    const auto credential = credentials.find(id);
    if (credential == credentials.end() || credential->second.is_paused(now)) continue;
    const bool unknown = leftover.account_id.empty() && id == own;
    if (unknown || leftover.account_id == credential->second.account_id) return id;
  }
  return std::nullopt;
}

/// Its resource is at rest, with an object of its own or deleted, and who refers to it has let go.
bool MemoryDatabase::is_free(const Leftover& leftover) const {
  const Resource& resource = resources.at(leftover.resource_id);
  if (resource.live != resource.desired || resource.last_error || work.contains(resource.id)) {
    return false;
  }
  if (!leftover.remote_id.empty() && leftover.remote_id == resource.remote.id) return false;
  const bool is_in_use = std::any_of(resources.begin(), resources.end(), [&](const auto& item) {
    const auto link = item.second.links.find(resource.id);
    const bool refers = link != item.second.links.end() && link->second.in_live;
    return refers && (item.second.last_error || work.contains(item.first));
  });
  if (is_in_use) return false;
  return std::none_of(resources.begin(), resources.end(), [&](const auto& item) {
    const db::Remote& held = item.second.remote;
    return !held.id.empty() && held.id == leftover.remote_id &&
           held.account_id == leftover.account_id;
  });
}

bool MemoryDatabase::may_go(const Leftover& leftover, TimePoint now) const {
  return credential_for(leftover, now).has_value() && is_free(leftover);
}

bool MemoryDatabase::leftover_may_go(const db::LeftoverClaim& claim) const {
  return std::ranges::any_of(leftovers, [&](const Leftover& leftover) {
    return leftover.account_id == claim.account_id && leftover.kind == claim.kind &&
           leftover.object() == claim.object && is_free(leftover) &&
           resources.at(leftover.resource_id).remote.marker == claim.kept;
  });
}

std::vector<db::LeftoverClaim> MemoryDatabase::claim_leftovers(int limit, Milliseconds lease,
                                                               TimePoint now) {
  std::vector<Leftover*> due;
  for (auto& leftover : leftovers) {
    if (leftover.due_at && *leftover.due_at <= now) due.push_back(&leftover);
  }
  std::ranges::stable_sort(due, {}, [](const Leftover* leftover) { return *leftover->due_at; });
  due.resize(std::min(due.size(), static_cast<size_t>(limit)));
  std::vector<db::LeftoverClaim> claims;
  for (Leftover* leftover : due) {
    leftover->due_at = now + lease;
    const auto credential = credential_for(*leftover, now);
    if (!credential || !is_free(*leftover)) continue;
    const Resource& resource = resources.at(leftover->resource_id);
    db::LeftoverClaim& claim = claims.emplace_back();
    claim.account_id = leftover->account_id;
    claim.kind = leftover->kind;
    claim.object = leftover->object();
    claim.remote_id = leftover->remote_id;
    if (leftover->reason != "open_create") {
      claim.attempt = leftover->marker;
    } else if (const auto slash = leftover->marker.rfind('/');
               slash != leftover->marker.find('/')) {
      claim.adopted = leftover->marker.substr(slash + 1);
    }
    claim.kept = resource.remote.marker;
    claim.kept_id = resource.remote.id;
    claim.resource_id = resource.id;
    claim.credential_id = *credential;
    claim.fingerprint = credentials.at(claim.credential_id).fingerprint;
    claim.created_after = created_after(resource);
  }
  return claims;
}

void MemoryDatabase::end_leftover(const db::LeftoverClaim& claim, bool keep) {
  const auto is_it = [&](const Leftover& leftover) {
    return leftover.account_id == claim.account_id && leftover.kind == claim.kind &&
           leftover.object() == claim.object;
  };
  if (!keep) {
    std::erase_if(leftovers, is_it);
    return;
  }
  const auto found = std::ranges::find_if(leftovers, is_it);
  if (found != leftovers.end()) found->due_at.reset();
}

std::optional<Milliseconds> MemoryDatabase::next_leftover(TimePoint now) const {
  std::optional<TimePoint> first;
  for (const auto& leftover : leftovers) {
    if (leftover.due_at) first = std::min(first.value_or(*leftover.due_at), *leftover.due_at);
  }
  if (!first) return std::nullopt;
  return std::chrono::ceil<Milliseconds>(*first - now);
}

}  // namespace vapisync::test
