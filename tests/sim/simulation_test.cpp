// Seeds by the thousand. One that fails prints how to see it again:
//   ./dev sim --from SEED --seeds 1
// With --story it tells what happened.
#include "sim/simulation.hpp"

#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vapisync::sim {
namespace {

constexpr uint64_t seeds_by_default = 2'000;
constexpr int failures_max = 5;

uint64_t number_from(const char* variable, uint64_t fallback) {
  const char* text = std::getenv(variable);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

std::string describe(uint64_t seed, const Findings& findings) {
  std::string out = fmt::format("seed {} fails; again: ./dev sim --from {} --seeds 1\n  {}\n", seed,
                                seed, findings.swarm);
  for (const auto& complaint : findings.complaints) out += "  " + complaint + "\n";
  for (const auto& line : findings.story) out += line + "\n";
  return out;
}

TEST(Simulation, EverySeedKeepsThePromises) {
  const uint64_t from = number_from("VAPISYNC_SIM_FROM", 1);
  const uint64_t seeds = number_from("VAPISYNC_SIM_SEEDS", seeds_by_default);
  const bool telling = number_from("VAPISYNC_SIM_STORY", 0) != 0;
  int failures = 0;
  int64_t requests = 0;
  std::map<test::SaveState, int64_t> saves;
  for (uint64_t seed = from; seed < from + seeds && failures < failures_max; ++seed) {
    const Findings findings = Simulation(seed, telling).run();
    requests += findings.requests;
    for (const auto& [state, count] : findings.saves) saves[state] += count;
    if (findings.complaints.empty() && !telling) continue;
    if (!findings.complaints.empty()) ++failures;
    EXPECT_TRUE(findings.complaints.empty()) << describe(seed, findings);
    if (findings.complaints.empty()) fmt::print("{}", describe(seed, findings));
  }
  RecordProperty("requests", std::to_string(requests));
  for (const auto& [state, count] : saves) {
    RecordProperty(std::string(to_string(state)), std::to_string(count));
  }
  // What never happens is not tried.
  if (seeds < seeds_by_default) return;
  EXPECT_EQ(saves.size(), 4U) << "some end of a save was never reached";
}

TEST(Simulation, TheSameSeedIsTheSameRun) {
  for (const uint64_t seed : {1U, 2U, 3U}) {
    const auto first = Simulation(seed, false).run();
    const auto second = Simulation(seed, false).run();
    EXPECT_EQ(first.trace, second.trace) << "seed " << seed;
    EXPECT_EQ(first.requests, second.requests);
  }
  EXPECT_NE(Simulation(1, false).run().trace, Simulation(2, false).run().trace);
}

}  // namespace
}  // namespace vapisync::sim
