#include "sync/dispatcher.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/spawn.hpp"
#include "sync/report_log.hpp"

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds poll_min{100};
constexpr Milliseconds poll_unheard{250};  ///< the longest poll while nobody hears the bell
constexpr Milliseconds bell_margin{1'000};
constexpr Milliseconds nudge_max{100};
constexpr Milliseconds failure_pause_max{5'000};
constexpr size_t due_times_max = 100'000;

}  // namespace

Dispatcher::Dispatcher(asio::any_io_executor executor, DispatcherParts parts,
                       DispatcherOptions options)
    : executor_(std::move(executor)),
      parts_(parts),
      options_(options),
      recorder_(parts.store, parts.clock, RecorderOptions{options.batch, options.lease},
                [this](const db::Report& report, const db::Receipt& receipt) {
                  recorded(report, receipt);
                }),
      wake_(parts.clock),
      poll_(poll_min) {}

void Dispatcher::stop() {
  stopping_ = true;
  parts_.syncer.stop();
  wake_.set();
}

asio::awaitable<void> Dispatcher::run() {
  while (!stopping_) {
    const Capacity capacity_now = capacity();
    if (capacity_now.rows == 0) {
      co_await wake_.wait_until(capacity_now.again);
      continue;
    }
    const auto found = co_await claim_and_start(capacity_now.rows);
    if (!found) {
      co_await wait_out(found.error());
    } else if (*found < capacity_now.rows && !stopping_) {
      co_await rest(*found > 0);
    }
  }
  while (in_flight_ > 0) co_await wake_.wait();
  recorder_.stop();
}

Dispatcher::Capacity Dispatcher::capacity() {
  const TimePoint now = parts_.clock.now();
  if (recorder_.stuck()) return {0, now + poll_min};
  const int free = options_.in_flight - in_flight_;
  // Waiting for a few slots makes fewer and larger claims out of a stream of single ends.
  if (free < std::max(1, options_.in_flight / 8)) return {0, now + options_.poll_max};
  const auto gate = parts_.client.gate().allowance(now);
  if (gate.count < 1) return {0, gate.next > now ? gate.next : now + options_.poll_max};
  return {std::min({free, options_.batch, gate.count}), now};
}

asio::awaitable<Result<int>> Dispatcher::claim_and_start(int rows) {
  db::ClaimRequest request;
  request.rows = rows;
  request.rows_per_org = options_.in_flight_per_org;
  request.lease = options_.lease;
  request.after_org = cursor_;
  const bool from_the_first = cursor_.empty();
  auto claims = co_await parts_.store.claim(std::move(request));
  if (!claims) co_return claims.error();
  if (failures_ > 0) log::info("db.claiming_again");
  failures_ = 0;
  const int found = static_cast<int>(claims->size());
  cursor_.clear();
  for (auto& claim : *claims) {
    cursor_ = std::max(cursor_, claim.org_id);
    start(std::move(claim));
  }
  // The end of the list is not the end of the work: the orgs before the cursor come now.
  if (found < rows) {
    cursor_.clear();
    if (!from_the_first) co_return rows;
  }
  co_return found;
}

void Dispatcher::start(db::Claim claim) {
  ++in_flight_;
  parts_.client.gate().started(parts_.clock.now());
  spawn(executor_, work_on(std::make_unique<db::Claim>(std::move(claim))), "work_on");
}

asio::awaitable<void> Dispatcher::work_on(std::unique_ptr<db::Claim> claim) {
  db::Report report = co_await parts_.syncer.sync(*claim);
  parts_.client.gate().finished();
  recorder_.submit(std::move(claim), std::move(report));
  wake_.set();
}

void Dispatcher::recorded(const db::Report& report, const db::Receipt& receipt) {
  --in_flight_;
  log_report(report, receipt);
  if (!receipt.due_now && report.outcome == db::Outcome::retry && due_.size() < due_times_max) {
    due_.push(parts_.clock.now() + report.delay);
  }
  wake_.set();
}

/// Nothing more to claim: arm the bell, look once more, and sleep.
asio::awaitable<void> Dispatcher::rest(bool found) {
  poll_ = found ? poll_min : std::min(poll_ * 2, options_.poll_max);
  const bool heard = !listening_ || listening_();
  if (!heard) poll_ = std::min(poll_, poll_unheard);
  const TimePoint now = parts_.clock.now();
  if (heard && !co_await bell_is_armed(now)) co_return;
  co_await parts_.credential.refresh(parts_.client.gate());
  co_await wake_.wait_until(next_due(now + poll_));
}

/// False when the caller must look once more before it may sleep: a writer that looked at the bell
/// before it was armed does not ring.
asio::awaitable<bool> Dispatcher::bell_is_armed(TimePoint now) {
  if (now + poll_ < armed_until_) co_return true;
  const Milliseconds duration = poll_ + bell_margin;
  const auto writer_at_work = co_await parts_.store.arm_bell(duration);
  if (!writer_at_work) {
    co_await wait_out(writer_at_work.error());
    co_return false;
  }
  // Only when the old term had not run out meanwhile was there no moment without a bell.
  if (parts_.clock.now() < armed_until_) {
    armed_until_ = now + duration;
    co_return true;
  }
  if (*writer_at_work) {
    co_await wake_.wait_until(next_due(now + nudge_));
    nudge_ = std::min(nudge_ * 2, nudge_max);
  } else {
    armed_until_ = now + duration;
    nudge_ = Milliseconds{1};
  }
  co_return false;
}

TimePoint Dispatcher::next_due(TimePoint at_latest) {
  const TimePoint now = parts_.clock.now();
  while (!due_.empty() && due_.top() <= now) due_.pop();
  return due_.empty() ? at_latest : std::min(at_latest, due_.top());
}

asio::awaitable<void> Dispatcher::wait_out(const Error& error) {
  if (failures_ == 0) {
    log::failure(log::Level::error, "db.claiming_failed", error,
                 "saves stay in the database; the daemon keeps trying");
  }
  const Milliseconds pause = poll_min * (1 << std::min(failures_++, 6));
  armed_until_ = {};
  co_await wake_.wait_until(parts_.clock.now() + std::min(pause, failure_pause_max));
}

}  // namespace vapisync::sync
