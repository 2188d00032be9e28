#pragma once
// After a failover or a restore every resource must be looked at once: touches them a few at a
// time, as fast as they are worked off. Several daemons may do it together. Single-threaded.
#include <functional>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "db/restored.hpp"

namespace vapisync::sync {

class Resyncer {
 public:
  using Touch = std::function<boost::asio::awaitable<Result<db::Touched>>()>;

  /// `look_every`: how soon a resync that an operator asked for is noticed. `touched` is called
  /// when there is something more to claim.
  Resyncer(Clock& clock, Milliseconds look_every, Touch touch, std::function<void()> touched);

  boost::asio::awaitable<void> run();
  void stop();

 private:
  Clock& clock_;
  Milliseconds look_every_;
  Touch touch_;
  std::function<void()> touched_;
  Event stop_;
  bool stopping_{false};
};

}  // namespace vapisync::sync
