#pragma once
// What only the database can tell while it is written to. One that was made by default counts
// nowhere. Any thread may count.
#include <map>
#include <string>
#include <utility>

#include "base/metrics.hpp"

namespace vapisync::db {

class StoreMetrics {
 public:
  StoreMetrics() = default;
  explicit StoreMetrics(Metrics& metrics);

  /// `state` is one in which saves end, or not_undone: Vapi refused what should undo them.
  void saves_ended(const std::string& tier, const std::string& state, int count) const;
  void superseded(int versions) const { superseded_.add(versions); }

 private:
  std::map<std::pair<std::string, std::string>, Counter> saves_;
  Counter superseded_;
};

}  // namespace vapisync::db
