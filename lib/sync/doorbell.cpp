#include "sync/doorbell.hpp"

#include <algorithm>

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds margin{1'000};
constexpr Milliseconds nudge_max{100};

}  // namespace

asio::awaitable<Result<Doorbell::Answer>> Doorbell::arm(Milliseconds sleep) {
  const TimePoint now = clock_.now();
  if (now + sleep < armed_until_) co_return Answer::armed;
  const Milliseconds duration = sleep + margin;
  const auto writer_at_work = co_await store_.arm_bell(duration);
  if (!writer_at_work) {
    armed_until_ = {};
    co_return writer_at_work.error();
  }
  // Only when the old term had not run out meanwhile was there no moment without a bell.
  const bool without_a_gap = clock_.now() < armed_until_;
  if (!without_a_gap && *writer_at_work) co_return Answer::writer_at_work;
  armed_until_ = now + duration;
  nudge_ = Milliseconds{1};
  co_return without_a_gap ? Answer::armed : Answer::look_once_more;
}

asio::awaitable<void> Doorbell::silence() {
  if (clock_.now() >= armed_until_) co_return;
  armed_until_ = {};
  // Failing costs nobody more than a ring.
  (void)co_await store_.silence_bell();
}

Milliseconds Doorbell::nudge() {
  const Milliseconds current = nudge_;
  nudge_ = std::min(nudge_ * 2, nudge_max);
  return current;
}

}  // namespace vapisync::sync
