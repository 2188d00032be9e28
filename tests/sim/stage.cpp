#include "sim/stage.hpp"

#include <fmt/format.h>

namespace vapisync::sim {
namespace {

constexpr sandbox::Instant epoch{std::chrono::milliseconds{1'787'000'000'000}};
constexpr Milliseconds skew_max{300'000};  // within the slack of look-ups

test::MemoryDatabase::Options database_options(Stage& stage) {
  test::MemoryDatabase::Options options;
  options.late_window = stage.swarm.window;
  options.agent_default = agent_default;
  options.to_iso = [&stage](TimePoint t) { return sandbox::to_iso(stage.database_time(t)); };
  return options;
}

}  // namespace

Stage::Stage(uint64_t seed)
    : world(seed), swarm(Swarm::draw(world.dice)), database(database_options(*this)) {
  vapi_skew = world.dice.between(-skew_max, skew_max);
}

void Stage::complain(std::string what) {
  tell("VIOLATION: " + what);
  complaints.push_back(fmt::format("at {} ms: {}", to_ms(world.now().since_boot).count(), what));
}

void Stage::tell(std::string what) {
  if (!telling) return;
  story.push_back(fmt::format("{:>9} {}", to_ms(world.now().since_boot).count(), what));
}

sandbox::Instant Stage::database_time(TimePoint t) const {
  return epoch + to_ms(t.since_boot);
}

sandbox::Instant Stage::vapi_time() const {
  return database_time(world.now()) + vapi_skew;
}

}  // namespace vapisync::sim
