// What the dispatcher does while nothing more can be claimed: it tells that it lives, asks writers
// to ring, and sleeps.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "sync/dispatcher.hpp"

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds poll_unheard{250};  ///< the longest poll while nobody hears the bell
constexpr Milliseconds beat_interval{5'000};
constexpr Milliseconds failure_pause_max{5'000};

}  // namespace

/// Waits for whatever may change something, and is alive meanwhile.
asio::awaitable<void> Dispatcher::wait_until(TimePoint t) {
  while (!co_await wake_.wait_until(std::min(t, beat_at_)) && parts_.clock.now() < t) {
    co_await beat();
    if (in_flight_ == 0) parts_.metrics.progressed();  // there is nothing that could stand still
  }
}

/// Nothing more can be claimed. Where something came, more may be on its way; only after a look
/// that found nothing: arm the bell, look once more, and sleep.
asio::awaitable<void> Dispatcher::rest() {
  if (std::exchange(found_, false)) co_return co_await look_soon();
  in_rush_ = false;
  unclaimed_since_.reset();
  if (in_flight_ == 0) parts_.metrics.progressed();
  poll_ = std::min(poll_ * 2, options_.poll_max);
  const bool heard = !listening_ || listening_();
  if (!heard) poll_ = std::min(poll_, poll_unheard);
  if (heard && !co_await bell_is_armed()) co_return;
  const TimePoint now = parts_.clock.now();
  const TimePoint poll_at = now + poll_;
  const TimePoint due_at = next_due(poll_at);
  co_await wait_until(std::min(due_at, gate_opens_));
  if (parts_.clock.now() >= due_at) sweep_at_ = {};
}

/// Another daemon that sleeps has only the bell: it may be free when this one is not.
asio::awaitable<void> Dispatcher::look_soon() {
  if (std::exchange(in_rush_, true) && daemons_ == 1) co_await doorbell_.silence();
  const TimePoint until = parts_.clock.now() + rush_pause;
  while (parts_.clock.now() < until && queue_.empty() && !stopping_) {
    co_await wake_.wait_until(next_due(until));
  }
  sweep_at_ = {};
}

asio::awaitable<bool> Dispatcher::bell_is_armed() {
  const auto answer = co_await doorbell_.arm(poll_);
  if (!answer) {
    co_await wait_out(answer.error());
    co_return false;
  }
  if (*answer == Doorbell::Answer::armed) co_return true;
  if (*answer == Doorbell::Answer::writer_at_work) {
    co_await wake_.wait_until(next_due(parts_.clock.now() + doorbell_.nudge()));
  }
  sweep_at_ = {};
  co_return false;
}

/// Each of n daemons takes one nth of every credential's limits.
asio::awaitable<void> Dispatcher::beat() {
  const TimePoint now = parts_.clock.now();
  const double seconds = std::chrono::duration<double>(now - beaten_at_).count();
  const auto states = parts_.credentials.states();
  const double rate = beaten_at_ == TimePoint{} || seconds <= 0 ? 0 : synced_ / seconds;
  const db::DaemonReport report{rate, in_flight_, states.open, states.half_open};
  beat_at_ = now + beat_interval;
  beaten_at_ = now;
  synced_ = 0;
  const auto alive = co_await parts_.store.heartbeat(report);
  if (!alive) co_return;
  daemons_ = *alive;
  parts_.credentials.share_with(daemons_);
  parts_.credentials.forget_unneeded();
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
  could_not_claim();
  sweep_at_ = {};
  const Milliseconds pause = poll_min * (1 << std::min(failures_++, 6));
  co_await wake_.wait_until(parts_.clock.now() + std::min(pause, failure_pause_max));
}

}  // namespace vapisync::sync
