// Remote objects that may not be kept, in the database in memory: what is listed, and when it goes.
#include <algorithm>
#include <fmt/format.h>

#include "support/memory_database.hpp"

namespace vapisync::test {

void MemoryDatabase::list_leftover(Leftover leftover) {
  const bool known = std::any_of(leftovers.begin(), leftovers.end(), [&](const Leftover& other) {
    return other.account_id == leftover.account_id && other.kind == leftover.kind &&
           other.object() == leftover.object();
  });
  if (!known) leftovers.push_back(std::move(leftover));
}

/// Only what is surely ours, and nobody's any more, has a time to go; by then it can be read.
std::optional<TimePoint> MemoryDatabase::leftover_due(const std::string& reason,
                                                      TimePoint now) const {
  const bool is_ours = reason == "late_create" || reason == "duplicate" || reason == "replaced";
  return is_ours ? std::optional(now + options_.late_window) : std::nullopt;
}

/// Its resource is at rest, with an object of its own or deleted, and who refers to it has let go.
bool MemoryDatabase::may_go(const Leftover& leftover, TimePoint now) const {
  const Resource& resource = resources.at(leftover.resource_id);
  const Credential& credential = credentials.at(credential_of(resource.org_id));
  const std::string& account = credential.account_id;
  const bool its_account = leftover.account_id.empty() || leftover.account_id == account;
  if (account.empty() || !its_account || credential.is_paused(now)) return false;
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
    return !held.id.empty() && held.id == leftover.remote_id && held.account_id == account;
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
    if (!may_go(*leftover, now)) continue;
    const Resource& resource = resources.at(leftover->resource_id);
    db::LeftoverClaim& claim = claims.emplace_back();
    claim.account_id = leftover->account_id;
    claim.kind = leftover->kind;
    claim.object = leftover->object();
    claim.remote_id = leftover->remote_id;
    claim.attempt = leftover->marker;
    claim.kept = resource.remote.marker;
    claim.resource_id = resource.id;
    claim.credential_id = credential_of(resource.org_id);
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
