#include "sync/recorder.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds held_pause{25};
constexpr Milliseconds failure_pause_first{50};
constexpr Milliseconds failure_pause_max{2'000};

/// When the oldest came in, those aside that wait for writers.
std::optional<TimePoint> oldest(const auto& entries) {
  for (const auto& entry : entries) {
    if (!entry.held) return entry.since;
  }
  return std::nullopt;
}

}  // namespace

Recorder::Recorder(db::EngineStore& store, Clock& clock, RecorderOptions options, Events events)
    : store_(store), clock_(clock), options_(options), events_(std::move(events)), wake_(clock) {}

void Recorder::submit(std::unique_ptr<db::Claim> claim, db::Report report) {
  waiting_.push_back({std::move(claim), std::move(report), clock_.now()});
  wake_.set();
}

void Recorder::stop() {
  stopping_ = true;
  wake_.set();
}

asio::awaitable<void> Recorder::run() {
  while (true) {
    if (!held_.empty() && clock_.now() >= held_again_) co_await requeue_held();
    if (!waiting_.empty()) {
      co_await flush();
    } else if (!held_.empty()) {
      co_await wake_.wait_until(held_again_);
    } else if (stopping_) {
      co_return;
    } else {
      co_await wake_.wait();
    }
  }
}

asio::awaitable<void> Recorder::flush() {
  std::vector<Entry> batch;
  std::vector<db::Report> reports;
  const size_t size = std::min(waiting_.size(), static_cast<size_t>(options_.batch));
  for (size_t i = 0; i < size; ++i) {
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    reports.push_back(std::move(batch.back().report));
  }
  auto receipts = co_await ask(batch, reports);
  for (size_t i = 0; i < size; ++i) batch[i].report = std::move(reports[i]);
  if (receipts) {
    if (failures_ > 0) log::info("db.recording_again", {{"waiting", waiting_.size()}});
    failures_ = 0;
    for (size_t i = 0; i < size; ++i) settle(std::move(batch[i]), (*receipts)[i]);
    co_return;
  }
  if (failures_ == 0) log::failure(log::Level::error, "db.recording_failed", receipts.error());
  for (size_t i = size; i > 0; --i) waiting_.push_front(std::move(batch[i - 1]));
  const Milliseconds pause = failure_pause_first * (1 << std::min(failures_++, 6));
  co_await sleep_for(clock_, std::min(pause, failure_pause_max));
}

asio::awaitable<Result<std::vector<db::Receipt>>> Recorder::ask(
    const std::vector<Entry>& batch, const std::vector<db::Report>& reports) {
  batch_since_ = oldest(batch);
  asking_since_ = clock_.now();
  auto receipts = co_await store_.settle(reports);
  asking_since_.reset();
  batch_since_.reset();
  co_return receipts;
}

std::optional<TimePoint> Recorder::waiting_since() const {
  const auto waiting = oldest(waiting_);
  if (!batch_since_ || !waiting) return batch_since_ ? batch_since_ : waiting;
  return std::min(*batch_since_, *waiting);
}

void Recorder::settle(Entry entry, const db::Receipt& receipt) {
  if (receipt.recorded == db::Recorded::held) {
    if (held_.empty()) held_again_ = clock_.now() + held_pause;
    if (!entry.held) {
      entry.held = true;
      ++held_count_;
      events_.slot_free();
    }
    held_.push_back(std::move(entry));
    return;
  }
  if (entry.held) {
    --held_count_;
  } else {
    events_.slot_free();
  }
  events_.done(entry.report, receipt);
}

/// Held reports go again with the next flush, their leases renewed where half is gone.
asio::awaitable<void> Recorder::requeue_held() {
  std::vector<Entry> entries = std::move(held_);
  held_.clear();
  for (auto& entry : entries) {
    const TimePoint now = clock_.now();
    if (entry.claim->lease_end < now + options_.lease / 2) {
      const auto renewed =
          co_await store_.renew(entry.claim->resource_id, entry.claim->token, options_.lease);
      if (renewed && *renewed) entry.claim->lease_end = now + options_.lease;
    }
    waiting_.push_back(std::move(entry));
  }
}

}  // namespace vapisync::sync
