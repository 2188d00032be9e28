#pragma once
// Before the dispatcher sleeps the bell must be armed, and no writer may be at work that looked at
// it before: such a one does not ring (SQL comments: sql/functions/80_doorbell.sql).
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "db/engine_store.hpp"

namespace vapisync::sync {

class Doorbell {
 public:
  Doorbell(db::EngineStore& store, Clock& clock) : store_(store), clock_(clock) {}

  enum class Answer {
    armed,           ///< sleep: whoever writes from now on rings
    look_once_more,  ///< newly armed: somebody may have written just before
    writer_at_work,  ///< look again after `nudge`
  };
  /// The bell must stay armed for `sleep` and a while longer.
  boost::asio::awaitable<Result<Answer>> arm(Milliseconds sleep);

  /// While the dispatcher looks by itself, writers need not ring: that makes them wait for each
  /// other.
  boost::asio::awaitable<void> silence();

  /// Grows while a writer keeps its transaction open.
  Milliseconds nudge();

 private:
  db::EngineStore& store_;
  Clock& clock_;
  TimePoint armed_until_{};
  Milliseconds nudge_{1};
};

}  // namespace vapisync::sync
