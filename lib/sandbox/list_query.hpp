#pragma once
// The query of a list request: `limit` and the time filters. There is nothing else to filter by.
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/wall_time.hpp"

namespace vapisync::sandbox {

class ListQuery {
 public:
  static ListQuery parse(std::string_view query);

  /// Sentences of a 400 answer; empty when the query is fine.
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
  [[nodiscard]] size_t limit() const { return limit_; }
  [[nodiscard]] bool admits(Instant created, Instant updated) const;

 private:
  enum class Relation { gt, ge, lt, le };
  struct Bound {
    bool on_update;
    Relation relation;
    Instant at;
  };
  void take(const std::string& name, const std::string& value);
  bool take_bound(std::string_view name, std::string_view value);
  void take_limit(const std::string& value);

  size_t limit_{100};
  std::vector<Bound> bounds_;
  std::vector<std::string> complaints_;
};

}  // namespace vapisync::sandbox
