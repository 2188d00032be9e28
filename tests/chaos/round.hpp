#pragma once
// One round: faults while users work, then none, then everything must come to rest and agree.
#include <map>
#include <string>
#include <vector>

#include "chaos/checks.hpp"
#include "chaos/plan.hpp"
#include "chaos/scene.hpp"

namespace vapisync::chaos {

struct Findings {
  Complaints complaints;
  std::string story;  ///< one line
};

class Rounds {
 public:
  Rounds();

  Findings run(uint64_t seed, Milliseconds duration);
  /// Ends the daemons in an orderly way.
  Complaints close();
  Scene& scene() { return scene_; }

 private:
  struct Moment;  ///< when a fault begins, or ends

  void make_trouble(const std::vector<Fault>& faults);
  void begin(const Fault& fault);
  void end(const Fault& fault);
  void set_weather(const std::string& rules);
  void settle();
  bool await_rest();
  void explain_unrest();
  void look_after_daemons();
  [[nodiscard]] Evidence gather();
  void tell(uint64_t seed, const std::vector<Fault>& faults, const StaleSends& stale);

  Scene scene_;
  Memory memory_;
  Journal journal_;
  std::vector<LateTime> late_times_;
  std::map<int, int64_t> held_up_since_;  ///< daemons that stand still, or their connections
  Findings findings_;
  Milliseconds to_rest_{0};
  size_t calls_before_{0};
  size_t saves_before_{0};
};

}  // namespace vapisync::chaos
