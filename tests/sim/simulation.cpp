#include "sim/simulation.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "sim/checks.hpp"
#include "sim/log_watch.hpp"

namespace vapisync::sim {
namespace {

constexpr Duration tick = std::chrono::seconds(1);
constexpr Duration drain_max = std::chrono::minutes(30);
constexpr Milliseconds restart_max{5'000};

}  // namespace

Simulation::Simulation(uint64_t seed, bool telling)
    : stage_(seed),
      vapi_(stage_),
      operators_(stage_, vapi_),
      slots_(static_cast<size_t>(stage_.swarm.daemons)),
      users_(stage_, [this](int64_t resource) {
        for (auto& slot : slots_) {
          if (slot.daemon) slot.daemon->ring(resource);
        }
      }) {
  stage_.telling = telling;
}

Findings Simulation::run() {
  const LogWatch watch(stage_);
  const TimePoint start_time = stage_.world.now();
  operators_.give_first_keys();
  for (size_t i = 0; i < slots_.size(); ++i) start(i);
  every_second();
  save_again_and_again();
  stage_.world.run_until(start_time + stage_.swarm.chaos, [] { return false; });

  lift_faults();
  const auto end = [this] { return drained(); };
  if (!stage_.world.run_until(stage_.world.now() + drain_max, end)) explain_work();
  // What users broke in the dashboard is only found by looking again.
  reconcile();
  if (!stage_.world.run_until(stage_.world.now() + drain_max, end)) explain_work();
  check_promises(stage_, vapi_);

  Findings findings;
  for (auto& slot : slots_) slot.daemon.reset();
  findings.complaints = std::move(stage_.complaints);
  findings.swarm = stage_.swarm.to_string();
  findings.story = std::move(stage_.story);
  findings.trace = stage_.world.trace();
  findings.requests = vapi_.requests;
  for (const auto& [name, save] : stage_.database.saves) ++findings.saves[save.state];
  return findings;
}

void Simulation::start(size_t slot) {
  auto& [daemon, lives] = slots_[slot];
  const std::string name = fmt::format("d{}.{}", slot + 1, ++lives);
  daemon = std::make_unique<Daemon>(stage_, vapi_, name, [this](Daemon& dead) { kill(dead); });
}

void Simulation::kill(Daemon& daemon) {
  stage_.world.note("kill");
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].daemon.get() == &daemon) replace(i);
  }
}

void Simulation::replace(size_t slot) {
  slots_[slot].daemon.reset();
  const Milliseconds pause = stage_.faults_are_on
                                 ? stage_.world.dice.between(Milliseconds{0}, restart_max)
                                 : Milliseconds{0};
  stage_.world.after(pause, [this, slot] { start(slot); });
}

void Simulation::every_second() {
  stage_.world.after(tick, [this] { every_second(); });
  for (size_t i = 0; i < slots_.size(); ++i) {
    const auto& daemon = slots_[i].daemon;
    if (daemon && daemon->ended()) replace(i);
  }
  if (stage_.faults_are_on) make_trouble();
}

void Simulation::make_trouble() {
  auto& dice = stage_.world.dice;
  const Swarm& swarm = stage_.swarm;
  for (auto& slot : slots_) {
    if (slot.daemon && dice.chance(swarm.stop)) slot.daemon->stop();
  }
  if (dice.chance(swarm.db_outage)) {
    const Milliseconds duration = dice.between(Milliseconds{200}, Milliseconds{15'000});
    stage_.database_down_until = stage_.world.now() + duration;
    stage_.tell(fmt::format("   the database is away for {} ms", duration.count()));
  }
  const Milliseconds long_enough = dice.between(Milliseconds{500}, Milliseconds{10'000});
  if (dice.chance(swarm.outage)) vapi_.trouble(Vapi::Trouble::outage, long_enough);
  if (dice.chance(swarm.throttle)) vapi_.trouble(Vapi::Trouble::throttle, long_enough);
  if (dice.chance(swarm.refuse)) {
    vapi_.trouble(Vapi::Trouble::refuse, long_enough);
    // A refused key is a reason to give another one.
    const Milliseconds noticed = dice.between(Milliseconds{0}, long_enough);
    if (swarm.key_change > 0) stage_.world.after(noticed, [this] { operators_.change_a_key(); });
  }
  if (dice.chance(swarm.key_change)) operators_.change_a_key();
  if (const auto known = static_cast<int64_t>(stage_.database.resources.size()); known > 0) {
    const int64_t any = dice.between(1, known);
    if (dice.chance(swarm.dashboard_edit)) vapi_.edit_behind_our_back(any);
    if (dice.chance(swarm.dashboard_delete)) vapi_.delete_behind_our_back(any);
    if (dice.chance(swarm.clone)) vapi_.clone(any);
  }
}

void Simulation::save_again_and_again() {
  if (!stage_.faults_are_on) return;
  users_.save_something();
  stage_.world.after(stage_.world.dice.between(Milliseconds{0}, stage_.swarm.save_every * 2),
                     [this] { save_again_and_again(); });
}

void Simulation::lift_faults() {
  stage_.tell("   --- the faults stop ---");
  stage_.faults_are_on = false;
  stage_.database_down_until = {};
  vapi_.lift();
  for (auto& slot : slots_) {
    if (slot.daemon) slot.daemon->thaw();
  }
}

void Simulation::reconcile() {
  for (const int64_t resource : vapi_.drifted) {
    stage_.tell(fmt::format("   resource {} is looked at again", resource));
    stage_.database.touch(resource, stage_.world.now());
  }
}

bool Simulation::drained() const {
  for (const auto& slot : slots_) {
    if (slot.daemon && !slot.daemon->idle()) return false;
  }
  const auto& database = stage_.database;
  const bool is_clean =
      std::none_of(database.leftovers.begin(), database.leftovers.end(), [&](const auto& leftover) {
        return leftover.due_at && database.may_go(leftover, stage_.world.now());
      });
  return database.work.empty() && is_clean && vapi_.under_way() == 0 && users_.open() == 0;
}

void Simulation::explain_work() {
  for (const auto& [id, row] : stage_.database.work) {
    stage_.complain(fmt::format("resource {} never drains: due in {} ms, lease {}, attempts {}, {}",
                                id, to_ms(row.due_at - stage_.world.now()).count(),
                                row.leased_until ? row.claimed_by : "none", row.attempts,
                                row.open_until ? "open" : "not open"));
  }
  for (const auto& leftover : stage_.database.leftovers) {
    if (!leftover.due_at || !stage_.database.may_go(leftover, stage_.world.now())) continue;
    stage_.complain(fmt::format("the leftover {} of {} ({}) never goes", leftover.object(),
                                leftover.resource_id, leftover.reason));
  }
  if (stage_.complaints.empty()) stage_.complain("something never ends");
}

}  // namespace vapisync::sim
