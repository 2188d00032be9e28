#include "core/retry_policy.hpp"

#include <algorithm>
#include <cmath>

namespace vapisync::core {

Milliseconds RetryPolicy::delay(int attempts, double chance, Milliseconds at_least) const {
  const int doublings = std::clamp(attempts, 0, 40);
  const double ceiling = std::min(static_cast<double>(max.count()),
                                  static_cast<double>(base.count()) * std::ldexp(1.0, doublings));
  const Milliseconds jittered{static_cast<int64_t>(ceiling * chance)};
  return std::max(jittered, at_least);
}

}  // namespace vapisync::core
