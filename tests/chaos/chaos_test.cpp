// Real processes under random trouble. Real time can't be replayed, but its faults can:
//   ./dev chaos --seed SEED
#include <cstdlib>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "chaos/round.hpp"
#include "support/wall_clock.hpp"

namespace vapisync::chaos {
namespace {

constexpr uint64_t seconds_by_default = 20;
constexpr Milliseconds round_length{7'000};

uint64_t number_from(const char* variable, uint64_t fallback) {
  const char* text = std::getenv(variable);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

std::string describe(const Complaints& complaints) {
  std::string text;
  for (const auto& complaint : complaints) text += "  " + complaint + "\n";
  return text;
}

TEST(Chaos, WhenTheFaultsStopEveryPromiseWasKept) {
  const uint64_t first = number_from("CHAOS_SEED", 1);
  const Milliseconds enough{number_from("CHAOS_SECONDS", seconds_by_default) * 1'000};
  Rounds rounds;
  const int64_t start = test::wall_clock_ms();
  const auto passed = [start] { return Milliseconds{test::wall_clock_ms() - start}; };
  for (uint64_t seed = first; passed() < enough; ++seed) {
    const auto findings = rounds.run(seed, round_length);
    if (findings.complaints.empty()) {
      fmt::print("{}\n", findings.story);
      std::fflush(stdout);
      continue;
    }
    rounds.scene().preserve();
    FAIL() << "seed " << seed << " fails, " << passed().count() / 1'000
           << " s after the beginning; again: ./dev chaos --seed " << seed
           << "\nlogs, tables and journal: " << rounds.scene().folder() << "\n"
           << describe(findings.complaints);
  }
  const auto complaints = rounds.close();
  if (complaints.empty()) return;
  rounds.scene().preserve();
  FAIL() << "logs: " << rounds.scene().folder() << "\n" << describe(complaints);
}

}  // namespace
}  // namespace vapisync::chaos
