#include "chaos/round.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <thread>

#include "chaos/watch.hpp"
#include "support/wall_clock.hpp"

namespace vapisync::chaos {
namespace {

constexpr uint64_t users = 4;
/// Vapi is never as quick as a sandbox: calls overlap with what goes wrong.
constexpr std::string_view climate = R"({"probability":0.4,"delay":{"ms":80}})";
constexpr int complaints_max = 20;
/// Until everything agrees after the faults: lease, window, a pause that Vapi asked for, and the
/// time that a busy machine takes.
constexpr Milliseconds rest_max{30'000};
/// An old request that could go on arrives within this time.
constexpr int64_t grace_ms = 2'000;

}  // namespace

struct Rounds::Moment {
  Milliseconds at;
  const Fault* fault;
  bool begins;
};

Rounds::Rounds() = default;

Findings Rounds::run(uint64_t seed, Milliseconds duration) {
  findings_ = {};
  const auto faults = draw_faults(seed, duration);
  set_weather("");
  {
    std::vector<std::unique_ptr<User>> people;
    for (uint64_t i = 0; i < users; ++i) {
      people.push_back(std::make_unique<User>(scene_.server.url(), seed * users + i, memory_));
    }
    make_trouble(faults);
  }
  settle();
  if (!findings_.complaints.empty()) return std::move(findings_);
  auto evidence = gather();
  for (const auto& complaint : memory_.complaints()) findings_.complaints.push_back(complaint);
  for (const auto& seen : ask_watch(scene_.server)) findings_.complaints.push_back(seen);
  check_saves(evidence, findings_.complaints);
  check_wanted(evidence, findings_.complaints);
  check_objects(evidence, findings_.complaints);
  const auto stale = check_calls(evidence, findings_.complaints);
  if (findings_.complaints.size() > complaints_max) findings_.complaints.resize(complaints_max);
  tell(seed, faults, stale);
  return std::move(findings_);
}

void Rounds::make_trouble(const std::vector<Fault>& faults) {
  std::vector<Moment> moments;
  for (const auto& fault : faults) {
    moments.push_back({fault.at, &fault, true});
    moments.push_back({fault.at + fault.lasts, &fault, false});
  }
  std::stable_sort(moments.begin(), moments.end(),
                   [](const Moment& a, const Moment& b) { return a.at < b.at; });
  const int64_t start = test::wall_clock_ms();
  const std::stop_token nobody_stops_this;
  for (const auto& moment : moments) {
    const Milliseconds passed{test::wall_clock_ms() - start};
    if (moment.at > passed) rest(nobody_stops_this, moment.at - passed);
    moment.begins ? begin(*moment.fault) : end(*moment.fault);
    look_after_daemons();
  }
}

void Rounds::begin(const Fault& fault) {
  Daemon& daemon = *scene_.daemons[static_cast<size_t>(fault.daemon)];
  switch (fault.trouble) {
    case Trouble::kill: daemon.kill(); return;
    case Trouble::stop:
      held_up_since_[fault.daemon] = test::wall_clock_ms();
      daemon.stop();
      return;
    case Trouble::term:
      if (const int code = daemon.term(); code != 0) {
        findings_.complaints.push_back(
            fmt::format("{} was told to end and ended with {}", daemon.name(), code));
      }
      return;
    case Trouble::restart_database: scene_.server.restart("immediate"); return;
    case Trouble::cut_database: daemon.database().cut(); return;
    case Trouble::shut_database: daemon.database().shut(); return;
    case Trouble::stall_database: daemon.database().stall(); return;
    case Trouble::lose_database_answers: daemon.database().hold_answers(); return;
    case Trouble::cut_vapi: daemon.vapi().cut(); return;
    case Trouble::shut_vapi: daemon.vapi().shut(); return;
    case Trouble::stall_vapi:
      held_up_since_[fault.daemon] = test::wall_clock_ms();
      daemon.vapi().stall();
      return;
    case Trouble::lose_vapi_answers: daemon.vapi().hold_answers(); return;
    case Trouble::weather: set_weather(fault.rules); return;
  }
}

void Rounds::end(const Fault& fault) {
  Daemon& daemon = *scene_.daemons[static_cast<size_t>(fault.daemon)];
  switch (fault.trouble) {
    case Trouble::kill:
    case Trouble::term: daemon.start(); return;
    case Trouble::stop: daemon.go_on(); break;
    case Trouble::shut_database:
    case Trouble::stall_database: daemon.database().open(); return;
    case Trouble::lose_database_answers:
      daemon.database().cut();
      daemon.database().open();
      return;
    case Trouble::shut_vapi: daemon.vapi().open(); return;
    case Trouble::stall_vapi: daemon.vapi().open(); break;
    case Trouble::lose_vapi_answers:
      daemon.vapi().cut();
      daemon.vapi().open();
      return;
    case Trouble::weather: set_weather(""); return;
    case Trouble::restart_database:
    case Trouble::cut_database:
    case Trouble::cut_vapi: return;
  }
  late_times_.push_back({held_up_since_[fault.daemon], test::wall_clock_ms() + grace_ms});
}

void Rounds::set_weather(const std::string& rules) {
  scene_.sandbox.set_faults(fmt::format("[{}{}]", rules, climate));
}

void Rounds::look_after_daemons() {
  for (const auto& daemon : scene_.daemons) {
    const auto code = daemon->ended_by_itself();
    if (!code) continue;
    findings_.complaints.push_back(
        fmt::format("{} ended by itself with {}", daemon->name(), *code));
    daemon->start();
  }
}

/// Twice: what a process sends that stood still is not on the books before it reports it.
void Rounds::settle() {
  scene_.sandbox.clear_faults();
  const int64_t start = test::wall_clock_ms();
  bool rests = await_rest();
  to_rest_ = Milliseconds{test::wall_clock_ms() - start};
  const std::stop_token nobody_stops_this;
  rest(nobody_stops_this, window);
  rests = rests && await_rest();
  look_after_daemons();
  if (!rests) explain_unrest();
  journal_.read(scene_.sandbox);
}

bool Rounds::await_rest() {
  const int64_t end = test::wall_clock_ms() + rest_max.count();
  const std::stop_token nobody_stops_this;
  while (scene_.server.sql("SELECT (SELECT count(*) FROM vapisync.work)"
                           " + (SELECT count(*) FROM vapisync.saves WHERE open_count > 0)") !=
         "0") {
    if (test::wall_clock_ms() > end) return false;
    rest(nobody_stops_this, Milliseconds{50});
  }
  return true;
}

void Rounds::explain_unrest() {
  findings_.complaints.push_back(fmt::format(
      "no rest {} ms after the faults; work: {}; open saves: {}; paused credentials: {}",
      rest_max.count(),
      scene_.server.sql("SELECT string_agg(format('resource %s (%s) due in %s, lease ends in %s, by"
                        " %s, %s attempts, open since %s', resource_id, org_id, due_at - now(),"
                        " leased_until - now(), claimed_by, attempts, now() - open_until), '; ')"
                        " FROM vapisync.work"),
      scene_.server.sql(
          "SELECT string_agg(format('%s of %s is %s with %s open', request_id, org_id,"
          " state, open_count), '; ') FROM vapisync.saves WHERE open_count > 0"),
      scene_.server.sql(
          "SELECT string_agg(format('%s until %s', paused_reason, paused_until), '; ')"
          " FROM vapisync.credentials WHERE paused_until > now()")));
}

Evidence Rounds::gather() {
  Evidence evidence;
  evidence.books = read_books(scene_.server.url());
  evidence.objects = read_objects(scene_.sandbox);
  evidence.calls = &journal_.calls();
  evidence.late_times = late_times_;
  evidence.committed = memory_.committed();
  evidence.withdrawn = memory_.withdrawn_saves();
  evidence.ends = memory_.ends();
  return evidence;
}

void Rounds::tell(uint64_t seed, const std::vector<Fault>& faults, const StaleSends& stale) {
  std::map<std::string_view, int> counts;
  for (const auto& fault : faults) ++counts[to_string(fault.trouble)];
  std::string what;
  for (const auto& [trouble, count] : counts) what += fmt::format(" {} {},", count, trouble);
  const size_t saves = memory_.committed().size();
  const size_t calls = journal_.calls().size();
  findings_.story = fmt::format(
      "seed {}: {} saves, {} writes to Vapi,{} at rest after {} ms; until now {} stale sends,"
      " repaired within {} ms",
      seed, saves - saves_before_, calls - calls_before_, what, to_rest_.count(), stale.allowed,
      stale.longest_repair.count());
  saves_before_ = saves;
  calls_before_ = calls;
}

Complaints Rounds::close() {
  Complaints complaints;
  for (const auto& daemon : scene_.daemons) {
    if (const int code = daemon->term(); code != 0) {
      complaints.push_back(
          fmt::format("{} was told to end and ended with {}", daemon->name(), code));
    }
  }
  return complaints;
}

}  // namespace vapisync::chaos
