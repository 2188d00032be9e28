#pragma once
// Time for tests and simulations: it stands still while anything can run, and jumps to the earliest
// sleeper when nothing can. One thread; the same seed gives the same run. The clock owns the
// io_context, so that coroutines left behind die before what their timers point to.
// Sockets do not fit in here: their waiting looks like nothing to do.
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/clock.hpp"

namespace vapisync::test {

class SimClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  std::unique_ptr<Timer> make_timer() override { return std::make_unique<SimTimer>(*this); }

  boost::asio::io_context& context() { return context_; }
  boost::asio::any_io_executor executor() { return context_.get_executor(); }

  /// Runs what can run now; no time passes. Throws when that never ends.
  void settle() {
    context_.restart();
    for (int i = 0; context_.poll_one() > 0; ++i) {
      if (i == handlers_max) throw std::runtime_error("livelock: time can not pass any more");
    }
  }

  /// Runs what can run, then wakes the earliest sleeper that wakes by `at_latest` and runs what
  /// follows from it. False when there is none.
  bool step(TimePoint at_latest = {Duration::max()}) {
    settle();
    if (sleepers_.empty() || sleepers_.begin()->first > at_latest) return false;
    now_ = std::max(now_, sleepers_.begin()->first);
    sleepers_.begin()->second->cancel();
    settle();
    return true;
  }

  /// True once `done` says so; false when nothing more happens, or not within `limit`.
  bool run_until(const std::function<bool()>& done, Duration limit = std::chrono::hours(24)) {
    const TimePoint end = now_ + limit;
    settle();
    while (!done()) {
      if (!step(end)) return false;
    }
    return true;
  }

  /// Everything that happens in the next `d`; afterwards it is that much later.
  void run_for(Duration d) {
    const TimePoint end = now_ + d;
    while (step(end)) {
    }
    now_ = end;
  }

 private:
  static constexpr int handlers_max = 10'000'000;

  class SimTimer;
  using Sleepers = std::multimap<TimePoint, SimTimer*>;

  /// A timer that never expires by itself: the clock wakes it by `cancel`.
  class SimTimer final : public Timer {
   public:
    explicit SimTimer(SimClock& clock) : clock_(clock), waiter_(clock.context_) {}
    SimTimer(const SimTimer&) = delete;
    SimTimer& operator=(const SimTimer&) = delete;
    ~SimTimer() override { leave(); }

    boost::asio::awaitable<void> wait_until(TimePoint t) override {
      place_ = clock_.sleepers_.emplace(t, this);
      waiter_.expires_at(boost::asio::steady_timer::time_point::max());
      co_await waiter_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }

    void cancel() override {
      leave();
      waiter_.cancel();
    }

   private:
    void leave() {
      if (place_) clock_.sleepers_.erase(*place_);
      place_.reset();
    }

    SimClock& clock_;
    boost::asio::steady_timer waiter_;
    std::optional<Sleepers::iterator> place_;
  };

  TimePoint now_{std::chrono::hours(1)};
  Sleepers sleepers_;
  boost::asio::io_context context_{1};
};

}  // namespace vapisync::test
