#pragma once
// Writes what became of claims to the database, many in one statement: whatever came in while the
// last statement was under way goes with the next. While the database is away reports wait here,
// bounded by the claims in flight, and no new work is claimed. Single-threaded.
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "db/engine_store.hpp"

namespace vapisync::sync {

struct RecorderOptions {
  int batch{200};
  Milliseconds lease{60'000};
};

class Recorder {
 public:
  struct Events {
    /// Once for each report: it is written, or a writer holds its resource. Such a one waits here
    /// without keeping a slot, so that an application's open transaction stops nobody else.
    std::function<void()> slot_free;
    /// The report is in the database, or its claim is another's.
    std::function<void(const db::Report&, const db::Receipt&)> done;
  };

  Recorder(db::EngineStore& store, Clock& clock, RecorderOptions options, Events events);

  void submit(std::unique_ptr<db::Claim> claim, db::Report report);

  /// Runs until `stop` was called and everything is written.
  boost::asio::awaitable<void> run();
  void stop();

  /// The last statement failed: outcomes wait, so nothing more should be claimed.
  [[nodiscard]] bool stuck() const { return failures_ > 0; }
  /// How many reports wait for writers.
  [[nodiscard]] size_t held() const { return held_count_; }
  /// When the statement began that has no answer yet.
  [[nodiscard]] std::optional<TimePoint> asking_since() const { return asking_since_; }
  /// When the oldest outcome came in that is not written, those aside that wait for writers.
  [[nodiscard]] std::optional<TimePoint> waiting_since() const;

 private:
  struct Entry {
    std::unique_ptr<db::Claim> claim;
    db::Report report;
    TimePoint since;
    bool held{false};  ///< at least once
  };

  boost::asio::awaitable<void> flush();
  boost::asio::awaitable<Result<std::vector<db::Receipt>>> ask(
      const std::vector<Entry>& batch, const std::vector<db::Report>& reports);
  boost::asio::awaitable<void> requeue_held();
  void settle(Entry entry, const db::Receipt& receipt);

  db::EngineStore& store_;
  Clock& clock_;
  RecorderOptions options_;
  Events events_;
  Event wake_;
  std::deque<Entry> waiting_;
  std::vector<Entry> held_;  ///< a writer has the resource locked
  TimePoint held_again_{};
  std::optional<TimePoint> asking_since_;
  std::optional<TimePoint> batch_since_;  ///< the oldest in the statement under way
  size_t held_count_{0};
  int failures_{0};
  bool stopping_{false};
};

}  // namespace vapisync::sync
