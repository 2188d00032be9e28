#pragma once
// One coroutine waits, others set. A set without a waiter is remembered for the next wait.
// Single-threaded.
#include <utility>

#include "base/clock.hpp"

namespace vapisync {

class Event {
 public:
  explicit Event(Clock& clock) : clock_(clock), timer_(clock.make_timer()) {}

  void set() {
    set_ = true;
    timer_->cancel();
  }

  /// Returns when set, or at `t`. Whether it was set.
  boost::asio::awaitable<bool> wait_until(TimePoint t) {
    if (!set_ && clock_.now() < t) co_await timer_->wait_until(t);
    co_return std::exchange(set_, false);
  }

  boost::asio::awaitable<void> wait() {
    while (!set_) co_await timer_->wait_until(clock_.now() + std::chrono::hours(1));
    set_ = false;
  }

 private:
  Clock& clock_;
  std::unique_ptr<Timer> timer_;
  bool set_{false};
};

}  // namespace vapisync
