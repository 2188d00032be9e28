#include "base/metrics.hpp"

#include <gtest/gtest.h>

namespace vapisync {
namespace {

constexpr Metrics::Family cups{"vapisync_cups_total", "Cups that were filled."};

bool has_line(const Metrics& metrics, const std::string& line) {
  return ("\n" + metrics.text()).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, CountersWithOtherLabelsAreLinesOfOneFamily) {
  Metrics metrics;
  const Counter tea = metrics.counter(cups, {{"of", "tea"}});
  metrics.counter(cups, {{"of", "milk"}}).add(2);
  tea.add();
  tea.add(0.5);
  EXPECT_TRUE(has_line(metrics, R"(vapisync_cups_total{of="tea"} 1.5)")) << metrics.text();
  EXPECT_TRUE(has_line(metrics, R"(vapisync_cups_total{of="milk"} 2)")) << metrics.text();
  EXPECT_TRUE(has_line(metrics, "# HELP vapisync_cups_total Cups that were filled."));
  EXPECT_EQ(metrics.text().find("# TYPE"), metrics.text().rfind("# TYPE")) << metrics.text();
}

TEST(Metrics, TheSameFamilyAndLabelsAreTheSameCounter) {
  Metrics metrics;
  metrics.counter(cups, {{"of", "tea"}}).add();
  metrics.counter(cups, {{"of", "tea"}}).add();
  EXPECT_TRUE(has_line(metrics, R"(vapisync_cups_total{of="tea"} 2)")) << metrics.text();
}

TEST(Metrics, AGaugeGoesBothWays) {
  Metrics metrics;
  const Gauge gauge = metrics.gauge({"vapisync_level", "How full it is."});
  gauge.set(3);
  gauge.set(1);
  EXPECT_TRUE(has_line(metrics, "vapisync_level 1")) << metrics.text();
}

TEST(Metrics, AHistogramCountsWhatIsAtMostItsBounds) {
  Metrics metrics;
  const Histogram sizes = metrics.histogram({"vapisync_size", "Sizes."}, {1, 5});
  for (const double value : {0.5, 1.0, 4.0, 9.0}) sizes.observe(value);
  EXPECT_TRUE(has_line(metrics, R"(vapisync_size_bucket{le="1"} 2)")) << metrics.text();
  EXPECT_TRUE(has_line(metrics, R"(vapisync_size_bucket{le="5"} 3)")) << metrics.text();
  EXPECT_TRUE(has_line(metrics, R"(vapisync_size_bucket{le="+Inf"} 4)")) << metrics.text();
  EXPECT_TRUE(has_line(metrics, "vapisync_size_sum 14.5")) << metrics.text();
}

TEST(Metrics, AHandleThatNobodyMadeCountsNowhere) {
  Counter{}.add();
  Gauge{}.set(1);
  Histogram{}.observe(1);
}

}  // namespace
}  // namespace vapisync
