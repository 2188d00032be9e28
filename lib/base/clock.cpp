#include "base/clock.hpp"

#include <time.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace vapisync {
namespace {

namespace asio = boost::asio;

class RealTimer final : public Timer {
 public:
  RealTimer(const Clock& clock, asio::any_io_executor executor) : clock_(clock), timer_(executor) {}

  asio::awaitable<void> wait_until(TimePoint t) override {
    timer_.expires_after(t - clock_.now());
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }

  void cancel() override { timer_.cancel(); }

 private:
  const Clock& clock_;
  asio::steady_timer timer_;
};

class RealClock final : public Clock {
 public:
  explicit RealClock(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  [[nodiscard]] TimePoint now() const override {
    timespec t{};
    clock_gettime(CLOCK_BOOTTIME, &t);
    return {std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec)};
  }

  std::unique_ptr<Timer> make_timer() override {
    return std::make_unique<RealTimer>(*this, executor_);
  }

 private:
  asio::any_io_executor executor_;
};

}  // namespace

std::unique_ptr<Clock> make_real_clock(asio::any_io_executor executor) {
  return std::make_unique<RealClock>(std::move(executor));
}

Milliseconds wall_clock() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return std::chrono::seconds(t.tv_sec) + to_ms(std::chrono::nanoseconds(t.tv_nsec));
}

asio::awaitable<void> sleep_for(Clock& clock, Duration d) {
  const auto timer = clock.make_timer();
  co_await timer->wait_until(clock.now() + d);
}

}  // namespace vapisync
