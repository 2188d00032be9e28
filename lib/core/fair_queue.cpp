#include "core/fair_queue.hpp"

#include <algorithm>
#include <unordered_map>

namespace vapisync::core {

void FairQueue::add(std::string org, int64_t credential) {
  if (!members_.insert(org).second) return;
  ring_.push_back({std::move(org), credential});
}

void FairQueue::remove(const std::string& org) {
  if (members_.erase(org) == 0) return;
  std::erase_if(ring_, [&](const Entry& entry) { return entry.org == org; });
}

std::vector<Share> FairQueue::deal(const Limits& limits) {
  std::vector<Share> shares;
  std::unordered_map<int64_t, int> left;  // by credential
  int rows = limits.rows;
  for (size_t turns = ring_.size(); turns > 0 && rows > 0; --turns) {
    Entry entry = std::move(ring_.front());
    ring_.pop_front();
    const auto known = left.find(entry.credential);
    int& allowed =
        known != left.end()
            ? known->second
            : left.emplace(entry.credential, limits.of_credential(entry.credential)).first->second;
    const int share = std::min({rows, limits.rows_per_org, allowed});
    if (share > 0) {
      shares.push_back({entry.org, entry.credential, share});
      rows -= share;
      allowed -= share;
    }
    ring_.push_back(std::move(entry));
  }
  return shares;
}

}  // namespace vapisync::core
