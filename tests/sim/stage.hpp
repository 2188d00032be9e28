#pragma once
// What all parts of one simulation share.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sandbox/wall_time.hpp"
#include "sim/swarm.hpp"
#include "sim/world.hpp"
#include "support/memory_database.hpp"

namespace vapisync::sim {

inline constexpr std::string_view installation = "sim";
inline constexpr int64_t platform_credential = 1;
inline constexpr std::string_view vapi_key = "key-of-the-platform";

/// What an agent is before anybody said anything about it.
inline constexpr std::string_view agent_default =
    R"({"name":"Agent","firstMessage":"Hello","maxDurationSeconds":600,)"
    R"("voice":{"provider":"vapi","voiceId":"Elliot"}})";

struct Stage {
  explicit Stage(uint64_t seed);

  /// Something that must never be. The run goes on; the test fails with all of them.
  void complain(std::string what);
  /// What happened, for people: printed when a seed fails, or on request.
  void tell(std::string what);

  [[nodiscard]] sandbox::Instant database_time(TimePoint t) const;
  [[nodiscard]] sandbox::Instant vapi_time() const;

  World world;
  Swarm swarm;
  test::MemoryDatabase database;
  bool faults_are_on{true};
  TimePoint database_down_until{};

  /// What users were told is saved, in that order.
  std::vector<test::SaveRequest> saved;

  std::vector<std::string> complaints;
  std::vector<std::string> story;
  bool telling{false};
  Milliseconds vapi_skew{0};
};

}  // namespace vapisync::sim
