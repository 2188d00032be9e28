#pragma once
// Is the daemon able to make progress? Facts in, verdict out; pure.
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace vapisync::core {

/// What takes how long is nothing when it is not under way.
struct HealthFacts {
  bool started{false};   ///< the database was found usable, and the engine runs
  bool stopping{false};  ///< it was told to end
  std::string database;  ///< why the database is not usable; empty: it is
  std::optional<Milliseconds> database_asked;   ///< how long the present look waits for an answer
  std::optional<Milliseconds> recorder_asked;   ///< how long its present statement does
  std::optional<Milliseconds> outcomes_waited;  ///< the oldest that is not written
  std::optional<Milliseconds> unclaimed;        ///< since nothing could be claimed
  int breakers_open{0};                         ///< credentials whose calls all fail
  int credentials_paused{0};
  std::optional<Milliseconds> unheard;  ///< since notifications would have been heard
};

struct HealthLimits {
  Milliseconds slow{10'000};  ///< longer than this is no progress
  /// Longer than this no part of us takes for one step: a statement has 30 s (statement_timeout),
  /// and a connection that says nothing is cut after 45.
  Milliseconds hung{60'000};
};

struct Health {
  std::vector<std::string> hung;     ///< parts for which only a restart helps
  std::vector<std::string> reasons;  ///< why it is not ready
  std::vector<std::string>
      degraded;  ///< what others do not let it do; a restart would change nothing

  [[nodiscard]] bool live() const { return hung.empty(); }
  [[nodiscard]] bool ready() const { return reasons.empty(); }
};

Health judge(const HealthFacts& facts, const HealthLimits& limits);

}  // namespace vapisync::core
