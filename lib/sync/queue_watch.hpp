#pragma once
// Looks at the queue every few seconds, for the metrics, and so finds out whether the database
// still answers. A look takes at most one part in fifty of the time. Single-threaded.
#include <functional>
#include <map>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/metrics.hpp"
#include "db/queue_state.hpp"

namespace vapisync::sync {

class QueueWatch {
 public:
  using Look = std::function<boost::asio::awaitable<Result<db::QueueState>>()>;

  QueueWatch(Clock& clock, Metrics& metrics, Look look);

  boost::asio::awaitable<void> run();
  void stop();

  /// When the look began that has no answer yet.
  [[nodiscard]] std::optional<TimePoint> asking_since() const { return asking_since_; }
  /// Why the last look failed; empty: it did not.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  /// Keys that rest and that somebody uses, whichever daemon found out why.
  [[nodiscard]] int paused_credentials() const { return paused_credentials_; }

 private:
  void show(const db::QueueState& state);

  Clock& clock_;
  Metrics& metrics_;
  Look look_;
  Event stop_;
  Gauge oldest_;
  Gauge leftovers_;
  std::map<std::string, Gauge> paused_;  ///< by reason
  std::optional<TimePoint> asking_since_;
  std::string failure_;
  int paused_credentials_{0};
  bool stopping_{false};
};

}  // namespace vapisync::sync
