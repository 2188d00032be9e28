#include "core/fair_queue.hpp"

#include <algorithm>

namespace vapisync::core {

void FairQueue::add(std::string org, int64_t credential) {
  const auto known = members_.find(org);
  if (known != members_.end()) {
    known->second->credential = credential;
    return;
  }
  const auto member = ring_.insert(ring_.end(), {std::move(org), credential});
  members_.emplace(member->org, member);
}

void FairQueue::remove(const std::string& org) {
  const auto known = members_.find(org);
  if (known == members_.end()) return;
  const auto member = known->second;
  members_.erase(known);  // its key lies in the member
  ring_.erase(member);
}

std::vector<Share> FairQueue::deal(const Limits& limits) {
  std::vector<Share> shares;
  Ring served;
  std::unordered_map<int64_t, int> left;  // by credential
  int rows = limits.rows;
  for (auto member = ring_.begin(); member != ring_.end() && rows > 0;) {
    const int64_t credential = member->credential;
    const auto known = left.find(credential);
    int& allowed = known != left.end()
                       ? known->second
                       : left.emplace(credential, limits.of_credential(credential)).first->second;
    const int share = std::min({rows, limits.rows_per_org, allowed});
    const auto next = std::next(member);
    // Who got nothing has not had a turn, and stays in front: whoever shares a credential with it
    // must not be first again.
    if (share > 0) {
      shares.push_back({member->org, credential, share});
      rows -= share;
      allowed -= share;
      served.splice(served.end(), ring_, member);
    }
    member = next;
  }
  ring_.splice(ring_.end(), served);
  return shares;
}

}  // namespace vapisync::core
