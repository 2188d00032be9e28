#include "core/fair_queue.hpp"

#include <algorithm>
#include <iterator>

namespace vapisync::core {

void FairQueue::add(std::string org, int64_t credential) {
  if (members_.insert_or_assign(org, credential).second) ring_.push_back(std::move(org));
}

void FairQueue::remove(const std::string& org) {
  if (members_.erase(org) > 0) std::erase(ring_, org);
}

std::vector<Share> FairQueue::deal(const Limits& limits) {
  std::vector<Share> shares;
  std::vector<std::string> served;
  std::vector<std::string> passed_over;
  std::unordered_map<int64_t, int> left;  // by credential
  int rows = limits.rows;
  while (!ring_.empty() && rows > 0) {
    std::string org = std::move(ring_.front());
    ring_.pop_front();
    const int64_t credential = members_.at(org);
    const auto known = left.find(credential);
    int& allowed = known != left.end()
                       ? known->second
                       : left.emplace(credential, limits.of_credential(credential)).first->second;
    const int share = std::min({rows, limits.rows_per_org, allowed});
    if (share > 0) {
      shares.push_back({org, credential, share});
      rows -= share;
      allowed -= share;
    }
    (share > 0 ? served : passed_over).push_back(std::move(org));
  }
  // Who got nothing has not had a turn: whoever shares a credential with it must not be first
  // again.
  ring_.insert(ring_.begin(), std::make_move_iterator(passed_over.begin()),
               std::make_move_iterator(passed_over.end()));
  ring_.insert(ring_.end(), std::make_move_iterator(served.begin()),
               std::make_move_iterator(served.end()));
  return shares;
}

}  // namespace vapisync::core
