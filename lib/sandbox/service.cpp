#include "sandbox/service.hpp"

#include <fmt/format.h>

namespace vapisync::sandbox {
namespace {

constexpr size_t landings_max = 10'000;
/// How long a connection hangs that is never answered.
constexpr milliseconds silence{60'000};

JournalEntry entry_of(const Request& request, std::string org_id, Instant now) {
  JournalEntry entry;
  entry.at = now;
  entry.method = request.method;
  entry.target =
      request.query.empty() ? request.path : fmt::format("{}?{}", request.path, request.query);
  entry.org_id = std::move(org_id);
  return entry;
}

void record(const Execution& execution, JournalEntry& entry) {
  entry.executed = execution.reply.status;
  entry.kind = execution.kind;
  entry.object_id = execution.object_id;
  entry.change = execution.change;
}

Outcome outcome_of(const FaultRule* rule, Reply reply) {
  Outcome outcome;
  if (rule != nullptr) outcome.delay = rule->delay;
  outcome.cut = rule != nullptr && rule->action == FaultAction::cut;
  if (!outcome.cut) outcome.reply = std::move(reply);
  return outcome;
}

bool happens(const FaultRule* rule) {
  if (rule == nullptr || rule->action == FaultAction::delay) return true;
  return rule->after_commit;
}

}  // namespace

Instant Service::advance_to(Instant now) {
  while (!landings_.empty() && landings_.begin()->first <= now) {
    const auto first = landings_.extract(landings_.begin());
    latest_ = std::max(latest_, first.key());
    land(first.mapped(), latest_);
  }
  return latest_ = std::max(latest_, now);
}

void Service::advance(Instant now) {
  advance_to(now);
}

std::optional<Instant> Service::next_landing() const {
  if (landings_.empty()) return std::nullopt;
  return landings_.begin()->first;
}

Execution Service::carry_out(const Request& request, const Quirks& quirks, Instant now,
                             JournalEntry& entry) {
  Execution execution = model_.execute(request, quirks, now);
  record(execution, entry);
  return execution;
}

Outcome Service::handle(Request request, Instant now) {
  now = advance_to(now);
  JournalEntry entry = entry_of(request, model_.org_of(request), now);
  const FaultChoice choice = faults_.choose(request, entry.org_id, now, chance_);
  const FaultRule* rule = choice.rule;
  entry.faults = choice.names;
  if (rule != nullptr && rule->action == FaultAction::late_commit) {
    return postpone(std::move(request), std::move(entry), choice, now);
  }
  Reply reply;
  if (happens(rule)) reply = carry_out(request, choice.quirks, now, entry).reply;
  if (rule != nullptr && rule->action == FaultAction::answer) reply = rule->reply;
  entry.status = reply.status;
  Outcome outcome = outcome_of(rule, std::move(reply));
  if (outcome.cut) entry.ending = Ending::cut;
  journal_.add(std::move(entry), request.body);
  return outcome;
}

Outcome Service::postpone(Request request, JournalEntry entry, const FaultChoice& choice,
                          Instant now) {
  Outcome outcome;
  if (landings_.size() >= landings_max || uncollected_.size() >= landings_max) {
    outcome.reply = failure(503, "too many late requests");
    entry.status = outcome.reply.status;
    journal_.add(std::move(entry), request.body);
    return outcome;
  }
  const FaultRule& rule = *choice.rule;
  const bool answered = rule.late_answer == LateAnswer::late;
  entry.ending = answered ? Ending::late : Ending::cut;
  const uint64_t ticket = journal_.add(std::move(entry), request.body);
  outcome.cut = !answered;
  outcome.delay = answered                               ? rule.delay
                  : rule.late_answer == LateAnswer::none ? silence
                                                         : milliseconds(0);
  if (answered) outcome.ticket = ticket;
  Landing landing{std::move(request), choice.quirks, ticket, answered};
  landings_.emplace(now + rule.delay, std::move(landing));
  return outcome;
}

void Service::land(const Landing& landing, Instant at) {
  JournalEntry entry = entry_of(landing.request, model_.org_of(landing.request), at);
  entry.late_of = landing.ticket;
  Execution execution = carry_out(landing.request, landing.quirks, at, entry);
  entry.status = execution.reply.status;
  if (!landing.answered) entry.ending = Ending::cut;
  journal_.add(std::move(entry), landing.request.body);
  if (landing.answered) uncollected_[landing.ticket] = std::move(execution.reply);
}

Reply Service::collect(uint64_t ticket, Instant now) {
  advance_to(now);
  const auto found = uncollected_.extract(ticket);
  return found.empty() ? failure(504, "the request has not landed") : std::move(found.mapped());
}

Result<void> Service::set_faults(std::string_view text, Instant now) {
  now = advance_to(now);
  auto rules = parse_faults(text);
  if (!rules) return rules.error();
  faults_ = FaultPlan(std::move(*rules), now);
  return {};
}

Reply Service::tamper(const Request& request, const Kind& kind, std::string_view id, Instant now) {
  now = advance_to(now);
  const std::string_view method = request.method == "DELETE" ? "DELETE" : "PATCH";
  Execution execution = model_.tamper(method, kind, id, request.body, now);
  JournalEntry entry = entry_of(request, execution.org_id, now);
  record(execution, entry);
  entry.status = execution.reply.status;
  journal_.add(std::move(entry), request.body);
  return std::move(execution.reply);
}

}  // namespace vapisync::sandbox
