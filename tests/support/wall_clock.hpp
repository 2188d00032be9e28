#pragma once
// The time of day, to compare with what other processes wrote down.
#include <chrono>
#include <cstdint>

namespace vapisync::test {

inline int64_t wall_clock_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace vapisync::test
