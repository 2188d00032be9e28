#include "sim/process.hpp"

#include <algorithm>

namespace vapisync::sim {

/// Never expires by itself: the world wakes it by `cancel`.
class Process::SimTimer final : public Timer {
 public:
  explicit SimTimer(Process& process) : process_(process), waiter_(process.context_) {}
  SimTimer(const SimTimer&) = delete;
  SimTimer& operator=(const SimTimer&) = delete;
  ~SimTimer() override { leave(); }

  boost::asio::awaitable<void> wait_until(TimePoint t) override {
    event_ = process_.world_.at(t - process_.uptime_, [this] {
      event_.reset();
      waiter_.cancel();
    });
    waiter_.expires_at(boost::asio::steady_timer::time_point::max());
    co_await waiter_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

  void cancel() override {
    leave();
    waiter_.cancel();
  }

 private:
  void leave() {
    if (event_) process_.world_.cancel(*event_);
    event_.reset();
  }

  Process& process_;
  boost::asio::steady_timer waiter_;
  std::optional<World::Event> event_;
};

Process::Process(World& world, Duration uptime) : world_(world), uptime_(uptime) {
  world_.processes_.push_back(this);
}

Process::~Process() {
  std::erase(world_.processes_, this);
}

std::unique_ptr<Timer> Process::make_timer() {
  return std::make_unique<SimTimer>(*this);
}

bool Process::poll_one() {
  if (frozen_) return false;
  context_.restart();
  return context_.poll_one() > 0;
}

}  // namespace vapisync::sim
