#pragma once
// What goes wrong in one round, and when: drawn from the seed alone, before anything happens.
#include <string>
#include <vector>

#include "support/dice.hpp"

namespace vapisync::chaos {

using test::Dice;

/// The settings of the daemons. Whatever holds up a request, it lands within the window.
inline constexpr Milliseconds request_timeout{500};
inline constexpr Milliseconds late_window{2'000};
inline constexpr Milliseconds window = request_timeout + late_window;  ///< W
inline constexpr Milliseconds lease{1'500};

inline constexpr int daemons = 3;

enum class Trouble {
  kill,                   ///< SIGKILL, and a start after `lasts`
  stop,                   ///< SIGSTOP, and SIGCONT after `lasts`
  term,                   ///< SIGTERM, and a start when it has ended
  restart_database,       ///< immediate: every connection and everything unfinished is gone
  cut_database,           ///< the daemon's connections to it
  shut_database,          ///< the daemon can't reach it
  stall_database,         ///< nothing gets through, then all of it
  lose_database_answers,  ///< statements arrive, answers don't; then the connections are cut
  cut_vapi,
  shut_vapi,
  stall_vapi,         ///< requests arrive late
  lose_vapi_answers,  ///< requests arrive; then the connections are cut
  weather,            ///< Vapi's own faults, by the rules of the sandbox
};

std::string_view to_string(Trouble trouble);

struct Fault {
  Trouble trouble{Trouble::kill};
  int daemon{0};
  Milliseconds at{0};  ///< from the beginning of the round
  Milliseconds lasts{0};
  std::string rules;  ///< of the weather, each with a comma
};

/// A daemon has one trouble at a time, and so has Vapi.
std::vector<Fault> draw_faults(uint64_t seed, Milliseconds round);

}  // namespace vapisync::chaos
