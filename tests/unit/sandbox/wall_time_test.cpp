#include "sandbox/wall_time.hpp"

#include <gtest/gtest.h>

namespace vapisync::sandbox {
namespace {

TEST(SandboxWallTime, IsoTextRoundTrips) {
  for (const char* text :
       {"1970-01-01T00:00:00.000Z", "2026-08-20T11:39:37.123Z", "2024-02-29T23:59:59.999Z"}) {
    const auto t = from_iso(text);
    ASSERT_TRUE(t) << text;
    EXPECT_EQ(to_iso(*t), text);
  }
}

TEST(SandboxWallTime, OffsetsAndFractionsAreUnderstood) {
  EXPECT_EQ(to_iso(*from_iso("2026-08-20T12:00:00Z")), "2026-08-20T12:00:00.000Z");
  EXPECT_EQ(to_iso(*from_iso("2026-08-20T12:00:00.5Z")), "2026-08-20T12:00:00.500Z");
  EXPECT_EQ(to_iso(*from_iso("2026-08-20T12:00:00.123456Z")), "2026-08-20T12:00:00.123Z");
  EXPECT_EQ(to_iso(*from_iso("2026-08-20T01:00:00+02:00")), "2026-08-19T23:00:00.000Z");
  EXPECT_EQ(to_iso(*from_iso("2026-08-20T23:00:00-0130")), "2026-08-21T00:30:00.000Z");
}

TEST(SandboxWallTime, NonsenseIsRefused) {
  for (const char* text : {"", "2026", "2026-08-20", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
                           "2026-08-20T00:00:00", "2026-08-20T00:00:00Zx", "2026-08-20T00:00:00.Z",
                           "20x6-08-20T00:00:00Z"}) {
    EXPECT_FALSE(from_iso(text)) << text;
  }
}

}  // namespace
}  // namespace vapisync::sandbox
