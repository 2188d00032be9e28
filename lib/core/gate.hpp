#pragma once
// What one credential may do now: request rate, requests in flight, a breaker for outages, and
// pauses that Vapi or an operator asked for. Pure; single-threaded.
// A limit bounds, a breaker detects failure: they are separate answers to separate questions.
#include "base/clock.hpp"
#include "core/retry_policy.hpp"

namespace vapisync::core {

struct GateLimits {
  double rate_per_second{1};  ///< 0: unlimited
  int burst{5};
  int in_flight{4};
  int failures_to_open{5};  ///< in a row, before the breaker opens
  RetryPolicy backoff;      ///< how long it stays open
};

class Gate {
 public:
  enum class Breaker { closed, open, half_open };

  explicit Gate(GateLimits limits) : limits_(limits), tokens_(limits.burst) {}

  struct Allowance {
    int count{0};    ///< resources that may start now
    TimePoint next;  ///< when count is 0 and nothing is in flight: when to ask again
  };
  Allowance allowance(TimePoint now);

  /// This daemon's part of the limits: one of `daemons` that share the credential.
  void share_with(int daemons);
  void set_limits(GateLimits limits) { limits_ = limits; }

  /// A resource starts: this pays for its first request.
  void started(TimePoint now);
  /// Slots that are promised (or, below 0, given back), while it is asked what they are for.
  void promise(int slots) { in_flight_ += slots; }
  void finished() { --in_flight_; }
  /// It sent nothing, after all: its request is not paid for.
  void unspend() { tokens_ += 1; }
  /// It sends one more request. That may go into debt; claims to come pay for it.
  void spend(TimePoint now);

  /// Vapi answered sensibly. True when this ended an outage or a pause: what waits may be woken.
  /// During a pause it is an answer to what was sent before, and says nothing about the pause.
  bool succeeded(TimePoint now);
  /// Network trouble or a 5xx. `subject` tells requests about different things apart: one document
  /// that Vapi chokes on is not an outage. `chance` is uniform in [0, 1). True when this opened the
  /// breaker.
  bool failed(TimePoint now, double chance, size_t subject);
  /// Between the pages of a list, so that it takes at most half of the rate.
  [[nodiscard]] Milliseconds page_pause() const;
  void pause_until(TimePoint t);
  void resume();

  [[nodiscard]] Breaker breaker(TimePoint now) const;
  [[nodiscard]] bool idle() const { return in_flight_ == 0; }
  [[nodiscard]] bool paused(TimePoint now) const { return now < paused_until_; }

 private:
  void refill(TimePoint now);
  [[nodiscard]] double rate() const;
  /// One request at a time finds out whether the trouble is over.
  [[nodiscard]] bool probing() const { return trips_ > 0 || was_paused_; }

  GateLimits limits_;
  int daemons_{1};
  double tokens_;
  TimePoint refilled_{};
  int in_flight_{0};
  int failures_{0};  ///< in a row
  size_t last_subject_{0};
  bool several_subjects_{false};
  int trips_{0};
  TimePoint open_until_{};
  TimePoint paused_until_{};
  bool was_paused_{false};  ///< and nothing has succeeded since
};

}  // namespace vapisync::core
