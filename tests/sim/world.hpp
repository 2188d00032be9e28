#pragma once
// One simulated world: a clock that jumps from event to event, processes that can be frozen and
// killed at any moment, and a trace by which two runs can be told apart. One thread; everything
// that happens follows from the seed.
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "support/dice.hpp"

namespace vapisync::sim {

class Process;

using test::Dice;

class World {
 public:
  explicit World(uint64_t seed) : dice(seed) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  using Events = std::multimap<TimePoint, std::function<void()>>;
  using Event = Events::iterator;

  [[nodiscard]] TimePoint now() const { return now_; }
  Event at(TimePoint t, std::function<void()> what) { return events_.emplace(t, std::move(what)); }
  Event after(Duration d, std::function<void()> what) { return at(now_ + d, std::move(what)); }
  void cancel(Event event) { events_.erase(event); }

  /// Until `done`, which is asked after each event. False when it did not come to that by `end`.
  bool run_until(TimePoint end, const std::function<bool()>& done);

  /// Adds to the trace.
  void note(std::string_view what, int64_t detail = 0);
  [[nodiscard]] uint64_t trace() const { return trace_; }

  Dice dice;

 private:
  friend class Process;
  /// Lets every process do what it can do now; no time passes.
  void settle();

  TimePoint now_{std::chrono::hours(1)};
  Events events_;
  std::vector<Process*> processes_;
  uint64_t trace_{14695981039346656037U};
};

}  // namespace vapisync::sim
