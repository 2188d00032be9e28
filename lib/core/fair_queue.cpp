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
  (member->dealt ? dealt_ : ring_).erase(member);
}

std::vector<Share> FairQueue::deal(const Limits& limits) {
  std::vector<Share> shares;
  std::unordered_map<int64_t, int> left;  // by credential
  for (auto member = ring_.begin();
       member != ring_.end() && static_cast<int>(shares.size()) < limits.orgs;) {
    const int64_t credential = member->credential;
    const auto known = left.find(credential);
    int& allowed = known != left.end()
                       ? known->second
                       : left.emplace(credential, limits.of_credential(credential)).first->second;
    const int share = std::min(limits.rows_per_org, allowed);
    const auto next = std::next(member);
    // Who got nothing has not had a turn, and stays in front: whoever shares a credential with it
    // must not be first again.
    if (share > 0) {
      shares.push_back({member->org, credential, share});
      allowed -= share;
      member->dealt = true;
      dealt_.splice(dealt_.end(), ring_, member);
    }
    member = next;
  }
  return shares;
}

void FairQueue::end_turn(const std::vector<Share>& shares, size_t reached) {
  for (size_t i = 0; i < reached; ++i) put(shares[i], ring_.end());
  for (size_t i = shares.size(); i > reached; --i) put(shares[i - 1], ring_.begin());
}

/// Unless it left meanwhile, or came back since.
void FairQueue::put(const Share& share, Ring::const_iterator place) {
  const auto known = members_.find(share.org);
  if (known == members_.end() || !known->second->dealt) return;
  known->second->dealt = false;
  ring_.splice(place, dealt_, known->second);
}

}  // namespace vapisync::core
