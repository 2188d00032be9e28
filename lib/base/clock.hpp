#pragma once
// Time as the daemon sees it: one monotonic clock that also counts while the machine sleeps
// (CLOCK_BOOTTIME), so that a lease can not look young after a suspend. Simulations replace it.
#include <chrono>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace vapisync {

using Milliseconds = std::chrono::milliseconds;
using Duration = std::chrono::nanoseconds;

/// A point on the daemon's clock; comparable only within one process.
struct TimePoint {
  Duration since_boot{0};
  auto operator<=>(const TimePoint&) const = default;
};
inline TimePoint operator+(TimePoint t, Duration d) {
  return {t.since_boot + d};
}
inline TimePoint operator-(TimePoint t, Duration d) {
  return {t.since_boot - d};
}
inline Duration operator-(TimePoint a, TimePoint b) {
  return a.since_boot - b.since_boot;
}

inline Milliseconds to_ms(Duration d) {
  return std::chrono::duration_cast<Milliseconds>(d);
}

/// One waiter at a time. `cancel` ends the wait at once; it is not remembered for the next one.
class Timer {
 public:
  virtual ~Timer() = default;
  virtual boost::asio::awaitable<void> wait_until(TimePoint t) = 0;
  virtual void cancel() = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
  virtual std::unique_ptr<Timer> make_timer() = 0;
};

std::unique_ptr<Clock> make_real_clock(boost::asio::any_io_executor executor);

/// The time of day since 1970, as this machine has it: only to compare it with another's.
Milliseconds wall_clock();

boost::asio::awaitable<void> sleep_for(Clock& clock, Duration d);

}  // namespace vapisync
