#include "core/health.hpp"

#include <fmt/format.h>

namespace vapisync::core {
namespace {

using Duration = std::optional<Milliseconds>;

bool longer(const Duration& took, Milliseconds limit) {
  return took && *took > limit;
}

std::string for_seconds(std::string_view what, const Duration& took) {
  return fmt::format("{} for {} s", what, took->count() / 1000);
}

}  // namespace

Health judge(const HealthFacts& facts, const HealthLimits& limits) {
  Health health;
  if (longer(facts.database_asked, limits.hung)) health.hung.emplace_back("database");
  if (longer(facts.recorder_asked, limits.hung)) health.hung.emplace_back("recorder");

  const auto no = [&health](std::string why) { health.reasons.push_back(std::move(why)); };
  if (facts.stopping) no("it was told to stop");
  const std::string why = facts.database.empty() ? "" : ": " + facts.database;
  if (!facts.started) no("it has not started" + why);
  if (facts.started && !facts.database.empty()) no("the database is not usable" + why);
  if (longer(facts.database_asked, limits.slow)) {
    no(for_seconds("the database has not answered", facts.database_asked));
  }
  if (longer(facts.outcomes_waited, limits.slow)) {
    no(for_seconds("outcomes have waited to be written", facts.outcomes_waited));
  }
  if (longer(facts.unclaimed, limits.slow)) {
    no(for_seconds("nothing could be claimed, though there may be work,", facts.unclaimed));
  }

  const auto degraded = [&health](bool is, std::string what) {
    if (is) health.degraded.push_back(std::move(what));
  };
  degraded(facts.breakers_open > 0,
           fmt::format("calls to Vapi fail with {} credentials", facts.breakers_open));
  degraded(facts.credentials_paused > 0,
           fmt::format("{} credentials are paused", facts.credentials_paused));
  degraded(longer(facts.unheard, limits.slow), "notifications are not heard, so it polls");
  return health;
}

}  // namespace vapisync::core
