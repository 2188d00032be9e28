#pragma once
// Chance as a parameter: production seeds it from the kernel, tests with a number.
#include <cstdint>
#include <random>
#include <string>

namespace vapisync {

class Random {
 public:
  Random() : engine_(entropy()) {}
  explicit Random(uint64_t seed) : engine_(seed) {}

  double unit() { return std::uniform_real_distribution<double>(0.0, 1.0)(engine_); }
  uint64_t bits() { return engine_(); }

  /// A version-4 UUID.
  std::string uuid();
  std::string hex(int digits);

 private:
  static uint64_t entropy() {
    std::random_device device;
    return uint64_t{device()} << 32U | device();
  }

  std::mt19937_64 engine_;
};

}  // namespace vapisync
