#pragma once
// Chance, in the words of a test that is made from a seed.
#include "base/clock.hpp"
#include "base/random.hpp"

namespace vapisync::test {

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}

  bool chance(double probability) { return random_.unit() < probability; }
  int64_t between(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random_.unit() * static_cast<double>(most - least + 1));
  }
  Milliseconds between(Milliseconds least, Milliseconds most) {
    return Milliseconds{between(least.count(), most.count())};
  }
  double unit() { return random_.unit(); }
  uint64_t seed() { return random_.bits(); }

 private:
  Random random_;
};

}  // namespace vapisync::test
