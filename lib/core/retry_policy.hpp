#pragma once
// How long to wait before the next try. Pure: chance is an argument.
#include "base/clock.hpp"

namespace vapisync::core {

struct RetryPolicy {
  Milliseconds base{1'000};
  Milliseconds max{3'600'000};

  /// Exponential backoff with full jitter: uniform in [0, min(max, base * 2^attempts]), where
  /// `chance` is uniform in [0, 1) (AWS Architecture Blog, "Exponential Backoff And Jitter").
  /// Never less than `at_least`, which is what the other side asked for by Retry-After.
  [[nodiscard]] Milliseconds delay(int attempts, double chance,
                                   Milliseconds at_least = Milliseconds{0}) const;
};

}  // namespace vapisync::core
