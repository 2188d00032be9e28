#include "core/retry_policy.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace vapisync::core {
namespace {

using std::chrono::milliseconds;

constexpr RetryPolicy policy{.base = milliseconds{1'000}, .max = milliseconds{60'000}};
constexpr double almost_one = 1.0 - 1e-12;

TEST(RetryPolicy, TheCeilingDoublesUpToTheMaximum) {
  EXPECT_EQ(policy.delay(0, almost_one), milliseconds{999});
  EXPECT_EQ(policy.delay(1, almost_one), milliseconds{1'999});
  EXPECT_EQ(policy.delay(5, almost_one), milliseconds{31'999});
  EXPECT_EQ(policy.delay(6, almost_one), milliseconds{59'999});
  EXPECT_EQ(policy.delay(7, almost_one), milliseconds{59'999});
}

TEST(RetryPolicy, JitterIsFull) {
  EXPECT_EQ(policy.delay(3, 0.0), milliseconds{0});
  EXPECT_EQ(policy.delay(3, 0.25), milliseconds{2'000});
  EXPECT_EQ(policy.delay(3, 0.5), milliseconds{4'000});
}

TEST(RetryPolicy, TheOtherSidesWishIsTheLeast) {
  EXPECT_EQ(policy.delay(0, 0.0, milliseconds{20'000}), milliseconds{20'000});
  EXPECT_EQ(policy.delay(6, 0.5, milliseconds{1}), milliseconds{30'000});
  EXPECT_EQ(policy.delay(0, 0.5, milliseconds{3'600'000}), milliseconds{3'600'000})
      << "also above our own maximum";
}

TEST(RetryPolicy, HugeCountsDoNotOverflow) {
  for (const int attempts : {62, 63, 64, 1'000, std::numeric_limits<int>::max()}) {
    EXPECT_EQ(policy.delay(attempts, 0.5), milliseconds{30'000}) << attempts;
  }
  EXPECT_EQ(policy.delay(-1, 0.5), milliseconds{500});
  const RetryPolicy endless{.base = milliseconds{86'400'000}, .max = milliseconds::max() / 2};
  EXPECT_GT(endless.delay(std::numeric_limits<int>::max(), almost_one), milliseconds{0});
}

}  // namespace
}  // namespace vapisync::core
