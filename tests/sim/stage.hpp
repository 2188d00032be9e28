#pragma once
// What all parts of one simulation share.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/seal.hpp"
#include "sandbox/wall_time.hpp"
#include "sim/swarm.hpp"
#include "sim/world.hpp"
#include "support/memory_database.hpp"

namespace vapisync::sim {

inline constexpr std::string_view installation = "sim";
inline constexpr std::string_view platform_key = "platform";

/// Keys of one account differ only behind a `~`.
std::string account_of(std::string_view key);
std::string fingerprint_of(std::string_view key);
std::string key_of_fingerprint(const std::string& fingerprint);
const Sealer& sealer();

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

  /// The Vapi key that an org uses now.
  [[nodiscard]] std::string key_of(const std::string& org_id) const;
  /// How often an org went to another account before that moment.
  [[nodiscard]] int era_of(const std::string& org_id, TimePoint at) const;
  /// When it last got another key; nothing that was claimed before can know.
  [[nodiscard]] TimePoint key_changed_at(const std::string& org_id) const;

  [[nodiscard]] sandbox::Instant database_time(TimePoint t) const;
  [[nodiscard]] sandbox::Instant vapi_time() const;

  World world;
  Swarm swarm;
  test::MemoryDatabase database;
  bool faults_are_on{true};
  TimePoint database_down_until{};
  struct KeyChange {
    TimePoint at{};
    int era{0};  ///< how often it was one of another account
    TimePoint era_began{};
    std::set<std::string> accounts;  ///< that it has left
    bool came_back{false};           ///< to one of those
  };
  std::map<std::string, KeyChange> key_changes;  ///< by org

  /// What users were told is saved, in that order.
  std::vector<test::SaveRequest> saved;

  std::vector<std::string> complaints;
  std::vector<std::string> story;
  bool telling{false};
  Milliseconds vapi_skew{0};
};

}  // namespace vapisync::sim
