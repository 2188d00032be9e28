#pragma once
// What a daemon runs in: an event loop and a clock of its own. Frozen, it does nothing while time
// passes, and finds its timers and answers late; killed, all its coroutines are gone, wherever they
// were. What it sent before goes on without it.
#include <memory>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "sim/world.hpp"

namespace vapisync::sim {

class Process final : public Clock {
 public:
  /// `uptime`: what its clock shows; no two machines booted at the same time.
  Process(World& world, Duration uptime);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() override;

  [[nodiscard]] TimePoint now() const override { return world_.now() + uptime_; }
  std::unique_ptr<Timer> make_timer() override;
  boost::asio::io_context& context() { return context_; }

  /// Nothing runs from the next await on.
  void freeze() { frozen_ = true; }
  void thaw() { frozen_ = false; }
  [[nodiscard]] bool frozen() const { return frozen_; }

  /// One handler; false when there is nothing to do.
  bool poll_one();

 private:
  class SimTimer;

  World& world_;
  Duration uptime_;
  bool frozen_{false};
  // Last: coroutines left behind die before what they point to.
  boost::asio::io_context context_{1};
};

/// What the world owes to a coroutine of a process. The coroutine holds it; the world remembers it
/// weakly, since the process may die first.
template <class T>
class Debt {
 public:
  explicit Debt(Process& process) : bell_(process.context()) {}

  void pay(T value) {
    if (value_) return;
    value_.emplace(std::move(value));
    bell_.cancel();
  }

  static boost::asio::awaitable<T> collect(std::shared_ptr<Debt> debt) {
    while (!debt->value_) {
      debt->bell_.expires_at(boost::asio::steady_timer::time_point::max());
      co_await debt->bell_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    co_return std::move(*debt->value_);
  }

 private:
  boost::asio::steady_timer bell_;
  std::optional<T> value_;
};

}  // namespace vapisync::sim
