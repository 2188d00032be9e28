#pragma once
// Who is next: orgs with due work take turns, so that a large backlog of one never stands in front
// of another's single save. Pure; single-threaded.
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vapisync::core {

struct Share {
  std::string org;
  int64_t credential{0};
  int rows{0};
};

class FairQueue {
 public:
  /// An org that stands in the queue already keeps its place, whatever its credential is now.
  void add(std::string org, int64_t credential);
  void remove(const std::string& org);
  [[nodiscard]] bool empty() const { return members_.empty(); }

  struct Limits {
    int orgs{0};
    int rows_per_org{0};  ///< a turn
    /// How many resources a credential may start now.
    std::function<int(int64_t)> of_credential;
  };
  /// Each org has one share at most. Those that got none stay in front of those that did.
  std::vector<Share> deal(const Limits& limits);
  /// Ends what `deal` began: the first `reached` had their turn, the others are next again.
  void end_turn(const std::vector<Share>& shares, size_t reached);

 private:
  struct Member {
    std::string org;
    int64_t credential{0};
    bool dealt{false};
  };
  using Ring = std::list<Member>;
  void put(const Share& share, Ring::const_iterator place);

  Ring ring_;
  Ring dealt_;  ///< those whose turn has not ended
  std::unordered_map<std::string_view, Ring::iterator> members_;  ///< by org
};

}  // namespace vapisync::core
