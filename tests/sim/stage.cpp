#include "sim/stage.hpp"

#include <fmt/format.h>

namespace vapisync::sim {
namespace {

constexpr sandbox::Instant epoch{std::chrono::milliseconds{1'787'000'000'000}};
constexpr std::string_view fingerprint_prefix = "of:";
constexpr Milliseconds skew_max{300'000};  // within the slack of look-ups

test::MemoryDatabase::Options database_options(Stage& stage) {
  test::MemoryDatabase::Options options;
  options.late_window = stage.swarm.window;
  options.agent_default = agent_default;
  options.to_iso = [&stage](TimePoint t) { return sandbox::to_iso(stage.database_time(t)); };
  return options;
}

}  // namespace

std::string account_of(std::string_view key) {
  return std::string(key.substr(0, key.find('~')));
}

std::string fingerprint_of(std::string_view key) {
  return fmt::format("{}{}", fingerprint_prefix, key);
}

std::string key_of_fingerprint(const std::string& fingerprint) {
  return fingerprint.substr(fingerprint_prefix.size());
}

const Sealer& sealer() {
  static const Sealer one = Sealer::from_key_file(Sealer::make_key_line()).value();
  return one;
}

Stage::Stage(uint64_t seed)
    : world(seed), swarm(Swarm::draw(world.dice)), database(database_options(*this)) {
  vapi_skew = world.dice.between(-skew_max, skew_max);
  database.register_platform(fingerprint_of(platform_key));
}

void Stage::complain(std::string what) {
  tell("VIOLATION: " + what);
  complaints.push_back(fmt::format("at {} ms: {}", to_ms(world.now().since_boot).count(), what));
}

void Stage::tell(std::string what) {
  if (!telling) return;
  story.push_back(fmt::format("{:>9} {}", to_ms(world.now().since_boot).count(), what));
}

std::string Stage::key_of(const std::string& org_id) const {
  const auto& row = database.credentials.at(database.credential_of(org_id));
  return key_of_fingerprint(row.fingerprint);
}

int Stage::era_of(const std::string& org_id, TimePoint at) const {
  const auto change = key_changes.find(org_id);
  if (change == key_changes.end()) return 0;
  return at <= change->second.era_began ? change->second.era - 1 : change->second.era;
}

TimePoint Stage::key_changed_at(const std::string& org_id) const {
  const auto change = key_changes.find(org_id);
  return change == key_changes.end() ? TimePoint{} : change->second.at;
}

sandbox::Instant Stage::database_time(TimePoint t) const {
  return epoch + to_ms(t.since_boot);
}

sandbox::Instant Stage::vapi_time() const {
  return database_time(world.now()) + vapi_skew;
}

}  // namespace vapisync::sim
