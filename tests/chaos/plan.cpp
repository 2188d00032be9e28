#include "chaos/plan.hpp"

#include <array>
#include <fmt/format.h>

namespace vapisync::chaos {
namespace {

/// A process that was stopped may send one old request when it goes on. It gets the time to report
/// that: nobody can know of what a process sends that is killed before it says so.
constexpr Milliseconds calm_after_stop{2'500};
constexpr Milliseconds calm{300};

/// How long it lasts. What holds up requests is short enough to land, together with Vapi's own
/// lateness, within the window.
Milliseconds draw_length(Trouble trouble, Dice& dice) {
  const auto between = [&dice](int least, int most) {
    return Milliseconds{dice.between(least, most)};
  };
  switch (trouble) {
    case Trouble::kill: return between(0, 1'500);
    case Trouble::stop: return dice.chance(0.3) ? between(50, 1'000) : between(1'600, 4'500);
    case Trouble::shut_database:
    case Trouble::stall_database:
    case Trouble::lose_database_answers: return between(100, 2'500);
    case Trouble::shut_vapi:
    case Trouble::stall_vapi: return between(100, 1'500);
    case Trouble::lose_vapi_answers: return between(50, 500);
    case Trouble::weather: return between(400, 2'000);
    case Trouble::term:
    case Trouble::restart_database:
    case Trouble::cut_database:
    case Trouble::cut_vapi: break;
  }
  return Milliseconds{0};
}

/// At most 600 ms late, and 300 ms out of sight.
std::string draw_weather(Dice& dice) {
  static constexpr std::array<std::string_view, 12> skies{
      R"({"match":{"method":"POST"},"probability":P,"cut":{"after_commit":true}})",
      R"({"probability":P,"cut":{"after_commit":true}})",
      R"({"probability":P,"cut":{}})",
      R"({"probability":P,"cut":{"delay_ms":700}})",
      R"({"match":{"method":"POST"},"probability":P,"late_commit":{"ms":MS,"answer":"cut"}})",
      R"({"match":{"method":"PATCH"},"probability":P,"late_commit":{"ms":MS,"answer":"cut"}})",
      R"({"probability":P,"late_commit":{"ms":MS}})",
      R"({"probability":P,"answer":{"status":429,"body":"","retry_after":1}})",
      R"({"answer":{"status":503,"html":true}})",
      R"({"probability":P,"answer":{"status":502,"html":true,"after_commit":true}})",
      R"({"match":{"method":"POST"},"probability":P,"list_lag":{"ms":300,"get":true}})",
      R"({"probability":P,"delay":{"ms":MS}})"};
  const auto put = [](std::string rule, std::string_view name, const std::string& value) {
    const auto at = rule.find(name);
    return at == std::string::npos ? rule : rule.replace(at, name.size(), value);
  };
  std::string rules;
  const int64_t count = dice.between(1, 3);
  for (int64_t i = 0; i < count; ++i) {
    std::string rule(skies[static_cast<size_t>(dice.between(0, skies.size() - 1))]);
    rule = put(rule, "\"ms\":MS", fmt::format("\"ms\":{}", dice.between(100, 600)));
    rule = put(rule, ":P,", fmt::format(":{:.2f},", 0.15 + 0.6 * dice.unit()));
    rules += rule + ",";
  }
  return rules;
}

/// Each kind of trouble is there or not: a round in which everything happens hides what two of them
/// do together.
std::vector<Trouble> draw_kinds(Dice& dice) {
  std::vector<Trouble> kinds;
  for (int i = 0; i < static_cast<int>(Trouble::weather); ++i) {
    if (dice.chance(0.5)) kinds.push_back(static_cast<Trouble>(i));
  }
  if (kinds.empty()) kinds.push_back(Trouble::kill);
  return kinds;
}

/// One after the other, with clear sky in between.
void add_weather(std::vector<Fault>& faults, Dice& dice, Milliseconds round) {
  Milliseconds now = dice.between(Milliseconds{0}, Milliseconds{1'000});
  while (now < round) {
    Fault fault{Trouble::weather, 0, now, draw_length(Trouble::weather, dice), draw_weather(dice)};
    now += fault.lasts + dice.between(Milliseconds{0}, Milliseconds{1'500});
    faults.push_back(std::move(fault));
  }
}

void add_troubles(std::vector<Fault>& faults, Dice& dice, Milliseconds round) {
  const auto kinds = draw_kinds(dice);
  std::array<Milliseconds, daemons> free_at{};
  for (Milliseconds now{0}; now < round; now += dice.between(Milliseconds{50}, Milliseconds{700})) {
    Fault fault;
    fault.trouble =
        kinds[static_cast<size_t>(dice.between(0, static_cast<int64_t>(kinds.size()) - 1))];
    fault.daemon = static_cast<int>(dice.between(0, daemons - 1));
    fault.at = now;
    fault.lasts = draw_length(fault.trouble, dice);
    if (fault.trouble != Trouble::restart_database) {
      auto& free = free_at[static_cast<size_t>(fault.daemon)];
      if (now < free) continue;
      free = now + fault.lasts + (fault.trouble == Trouble::stop ? calm_after_stop : calm);
    }
    faults.push_back(std::move(fault));
  }
}

}  // namespace

std::string_view to_string(Trouble trouble) {
  switch (trouble) {
    case Trouble::kill: return "kill";
    case Trouble::stop: return "stop";
    case Trouble::term: return "term";
    case Trouble::restart_database: return "restart_database";
    case Trouble::cut_database: return "cut_database";
    case Trouble::shut_database: return "shut_database";
    case Trouble::stall_database: return "stall_database";
    case Trouble::lose_database_answers: return "lose_database_answers";
    case Trouble::cut_vapi: return "cut_vapi";
    case Trouble::shut_vapi: return "shut_vapi";
    case Trouble::stall_vapi: return "stall_vapi";
    case Trouble::lose_vapi_answers: return "lose_vapi_answers";
    case Trouble::weather: return "weather";
  }
  return "weather";
}

std::vector<Fault> draw_faults(uint64_t seed, Milliseconds round) {
  Dice dice(seed);
  std::vector<Fault> faults;
  add_troubles(faults, dice, round);
  if (dice.chance(0.7)) add_weather(faults, dice, round);
  return faults;
}

}  // namespace vapisync::chaos
