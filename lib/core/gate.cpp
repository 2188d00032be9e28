#include "core/gate.hpp"

#include <algorithm>
#include <cmath>

namespace vapisync::core {

void Gate::refill(TimePoint now) {
  const double seconds = std::chrono::duration<double>(now - refilled_).count();
  refilled_ = now;
  tokens_ = std::min<double>(limits_.burst, tokens_ + seconds * rate());
}

double Gate::rate() const {
  return limits_.rate_per_second / daemons_;
}

void Gate::share_with(int daemons) {
  daemons_ = std::max(daemons, 1);
}

void Gate::started(TimePoint now) {
  ++in_flight_;
  spend(now);
}

void Gate::spend(TimePoint now) {
  refill(now);
  tokens_ -= 1;
}

Gate::Allowance Gate::allowance(TimePoint now) {
  const TimePoint closed_until = std::max(paused_until_, trips_ > 0 ? open_until_ : TimePoint{});
  if (now < closed_until) return {0, closed_until};

  int count = std::max(limits_.in_flight / daemons_, 1) - in_flight_;
  if (probing()) count = in_flight_ == 0 ? 1 : 0;
  if (limits_.rate_per_second > 0) {
    refill(now);
    count = std::min(count, static_cast<int>(std::floor(tokens_)));
    if (count < 1 && tokens_ < 1) {
      const auto wait = std::chrono::duration<double>((1 - tokens_) / rate());
      return {0, now + std::chrono::ceil<Milliseconds>(wait)};
    }
  }
  return {std::max(count, 0), now};
}

bool Gate::succeeded(TimePoint now) {
  const bool over = probing() && !paused(now);
  failures_ = 0;
  several_subjects_ = false;
  trips_ = 0;
  open_until_ = {};
  if (!paused(now)) was_paused_ = false;
  return over;
}

bool Gate::failed(TimePoint now, double chance, size_t subject) {
  if (failures_ > 0 && subject != last_subject_) several_subjects_ = true;
  last_subject_ = subject;
  ++failures_;
  if (failures_ < limits_.failures_to_open || !several_subjects_ || now < open_until_) return false;
  // At least half of the ceiling: a probe that comes at once says nothing new.
  open_until_ = now + limits_.backoff.delay(trips_, 0.5 + chance / 2);
  return trips_++ == 0;
}

Milliseconds Gate::page_pause() const {
  if (limits_.rate_per_second <= 0) return Milliseconds{0};
  return std::chrono::ceil<Milliseconds>(std::chrono::duration<double>(2 / rate()));
}

void Gate::pause_until(TimePoint t) {
  paused_until_ = std::max(paused_until_, t);
  was_paused_ = true;
}

void Gate::resume() {
  paused_until_ = {};
  was_paused_ = false;
}

Gate::Breaker Gate::breaker(TimePoint now) const {
  if (trips_ == 0) return Breaker::closed;
  return now < open_until_ ? Breaker::open : Breaker::half_open;
}

}  // namespace vapisync::core
