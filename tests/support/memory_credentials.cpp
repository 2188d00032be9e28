// Credentials in the database in memory: who uses which, and what a new key does to an org.
#include <algorithm>

#include "support/memory_database.hpp"

namespace vapisync::test {

void MemoryDatabase::register_platform(const std::string& fingerprint) {
  Credential& platform = credentials[platform_credential];
  platform.fingerprint = fingerprint;
  platform.paused_until.reset();
}

int64_t MemoryDatabase::credential_of(const std::string& org_id) const {
  const auto own = credential_of_org_.find(org_id);
  return own == credential_of_org_.end() ? platform_credential : own->second;
}

int64_t MemoryDatabase::set_credential(const std::string& org_id, const std::string& fingerprint,
                                       bool other_account, TimePoint now) {
  auto row = credentials.begin();
  while (row != credentials.end() && row->second.fingerprint != fingerprint) ++row;
  if (row == credentials.end()) {
    row =
        credentials.emplace(credentials.rbegin()->first + 1, Credential{fingerprint, "", {}}).first;
  }
  row->second.paused_until.reset();
  const auto before = credentials.find(credential_of(org_id));
  const std::string left = before == credentials.end() ? "" : before->second.account_id;
  credential_of_org_[org_id] = row->first;
  for (auto& [id, resource] : resources) {
    if (resource.org_id != org_id) continue;
    if (other_account) leave_account(resource, left, now);
    touch(id, now);
  }
  return row->first;
}

void MemoryDatabase::leave_account(Resource& resource, const std::string& account, TimePoint now) {
  const auto row = work.find(resource.id);
  // A lease that nobody gave back, run out or not, may have sent a create; and a file is made anew
  // beside the object that it has.
  const bool may_land = row != work.end() && (row->second.open_until || row->second.leased_until);
  const db::Remote& left = resource.remote;
  if (!left.id.empty() && !left.account_id.empty()) {
    const auto platform = credentials.find(platform_credential);
    const bool is_platforms =
        platform != credentials.end() && platform->second.account_id == left.account_id;
    list_leftover({resource.id, left.account_id, resource.kind, left.id, "", "other_account",
                   is_platforms ? std::optional(now + options_.late_window) : std::nullopt});
  }
  if ((left.id.empty() || resource.kind == "file") && may_land) {
    const std::string mark = "/" + std::to_string(resource.id);
    list_leftover({resource.id, account, resource.kind, "", mark, "open_create"});
  }
  resource.remote = {};
  resource.live = 0;
  hold_on_to(resource, {});
  if (row == work.end()) return;
  // A claim under way writes nothing any more; its request goes to the account that was left.
  row->second.token = 0;
  row->second.leased_until.reset();
  row->second.open_until.reset();
}

void MemoryDatabase::learn_account(int64_t credential_id, const std::string& account_id) {
  credentials.at(credential_id).account_id = account_id;
}

void MemoryDatabase::pause_credential(int64_t credential_id, Milliseconds duration, TimePoint now) {
  auto& until = credentials.at(credential_id).paused_until;
  until = std::max(until.value_or(TimePoint{}), now + duration);
}

void MemoryDatabase::resume_credential(int64_t credential_id) {
  credentials.at(credential_id).paused_until.reset();
}

Milliseconds MemoryDatabase::credential_pause(int64_t credential_id, TimePoint now) const {
  const auto& until = credentials.at(credential_id).paused_until;
  if (!until || *until <= now) return Milliseconds{0};
  return std::chrono::ceil<Milliseconds>(*until - now);
}

int MemoryDatabase::wake_waiting(int64_t credential_id, TimePoint now) {
  int woken = 0;
  for (auto& [id, row] : work) {
    if (credential_of(resources.at(id).org_id) != credential_id) continue;
    if (row.due_at <= now || row.is_leased(now) || row.held) continue;
    row.due_at = now;
    ++woken;
  }
  return woken;
}

}  // namespace vapisync::test
