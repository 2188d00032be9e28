#include "sim/swarm.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "sim/world.hpp"

namespace vapisync::sim {
namespace {

constexpr double fault_is_on = 0.35;

/// Off in most runs; where it is on, anything up to `most`.
double maybe(Dice& dice, double most) {
  const double drawn = dice.unit() * most;
  return dice.chance(fault_is_on) ? drawn : 0;
}

bool flag(Dice& dice) {
  return dice.chance(fault_is_on / 2);
}

}  // namespace

Swarm Swarm::draw(Dice& dice) {
  Swarm s;
  s.daemons = static_cast<int>(dice.between(1, 3));
  s.orgs = static_cast<int>(dice.between(1, 3));
  s.chaos = dice.between(Milliseconds{10'000}, Milliseconds{60'000});
  s.save_every = dice.between(Milliseconds{500}, Milliseconds{6'000});
  s.request_timeout = dice.between(Milliseconds{1'000}, Milliseconds{4'000});
  s.window = s.request_timeout + dice.between(Milliseconds{1'000}, Milliseconds{15'000});
  s.lease = s.request_timeout + dice.between(Milliseconds{500}, Milliseconds{10'000});
  s.in_flight = static_cast<int>(dice.between(1, 6));
  s.rate_per_second = dice.chance(0.3) ? 5 : 0;
  s.attempts_max = dice.chance(0.2) ? 5 : 50;

  s.crash = maybe(dice, 0.05);
  s.freeze = maybe(dice, 0.02);
  s.stop = maybe(dice, 0.05);
  s.db_outage = maybe(dice, 0.05);
  s.db_lost = maybe(dice, 0.05);
  s.db_slow = maybe(dice, 0.05);
  s.db_busy = maybe(dice, 0.1);
  s.bell_lost = flag(dice);

  s.connect_fails = maybe(dice, 0.2);
  s.lost_request = maybe(dice, 0.1);
  s.lost_answer = maybe(dice, 0.2);
  s.late = maybe(dice, 0.2);

  s.server_error = maybe(dice, 0.2);
  s.committed_error = maybe(dice, 0.2);
  s.odd_answer = maybe(dice, 0.1);
  s.refused_create = maybe(dice, 0.2);
  s.cut = maybe(dice, 0.2);
  if (flag(dice)) s.list_lag = (s.window - s.request_timeout) * 8 / 10;
  s.read_lag = s.list_lag.count() > 0 && dice.chance(0.3);
  s.normalises = flag(dice);
  s.drops = flag(dice);
  s.stuck = flag(dice);
  s.stuck_silently = dice.chance(0.5);
  s.outage = maybe(dice, 0.05);
  s.throttle = maybe(dice, 0.05);
  s.refuse = maybe(dice, 0.05);

  s.own_keys = maybe(dice, 1);
  s.key_change = maybe(dice, 0.1);
  s.dashboard_edit = maybe(dice, 0.1);
  s.dashboard_delete = maybe(dice, 0.1);
  s.clone = maybe(dice, 0.1);
  s.long_transaction = maybe(dice, 0.3);
  s.bad_document = maybe(dice, 0.2);
  s.remove = maybe(dice, 0.2);
  s.files = dice.chance(0.4);
  if (s.files || dice.chance(0.3)) s.link = dice.unit();
  s.hold = std::clamp(dice.unit() * 2 - 0.5, 0.0, 1.0);
  // A request may land late, and what it made be listed later still: both within W.
  return s;
}

std::string Swarm::to_string() const {
  std::string out =
      fmt::format("daemons={} orgs={} chaos={} timeout={} W={} lease={} slots={}", daemons, orgs,
                  chaos.count(), request_timeout.count(), window.count(), lease.count(), in_flight);
  const auto add = [&out](const char* name, double value) {
    if (value > 0) out += fmt::format(" {}={:.3f}", name, value);
  };
  add("rate", rate_per_second);
  add("attempts_max", attempts_max);
  add("crash", crash);
  add("freeze", freeze);
  add("stop", stop);
  add("db_outage", db_outage);
  add("db_lost", db_lost);
  add("db_slow", db_slow);
  add("db_busy", db_busy);
  add("bell_lost", bell_lost ? 1 : 0);
  add("connect_fails", connect_fails);
  add("lost_request", lost_request);
  add("lost_answer", lost_answer);
  add("late", late);
  add("server_error", server_error);
  add("committed_error", committed_error);
  add("odd_answer", odd_answer);
  add("refused_create", refused_create);
  add("cut", cut);
  add("list_lag_ms", static_cast<double>(list_lag.count()));
  add("read_lag", read_lag ? 1 : 0);
  add("normalises", normalises ? 1 : 0);
  add("drops", drops ? 1 : 0);
  add("stuck", stuck ? (stuck_silently ? 2 : 1) : 0);
  add("outage", outage);
  add("throttle", throttle);
  add("refuse", refuse);
  add("own_keys", own_keys);
  add("key_change", key_change);
  add("dashboard_edit", dashboard_edit);
  add("dashboard_delete", dashboard_delete);
  add("clone", clone);
  add("long_transaction", long_transaction);
  add("bad_document", bad_document);
  add("remove", remove);
  add("files", files ? 1 : 0);
  add("link", link);
  add("hold", hold);
  return out;
}

}  // namespace vapisync::sim
