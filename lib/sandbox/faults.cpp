#include "sandbox/faults.hpp"

#include <fmt/format.h>

namespace vapisync::sandbox {
namespace {

bool is_about_content(FaultAction action) {
  return action == FaultAction::list_lag || action == FaultAction::normalise ||
         action == FaultAction::stuck_keys;
}

bool fits(const FaultMatch& match, const Request& request, std::string_view org_id) {
  return (match.method.empty() || match.method == request.method) &&
         request.path.starts_with(match.path) && (match.org.empty() || match.org == org_id) &&
         (match.key.empty() || request.authorization == "Bearer " + match.key) &&
         (match.body.empty() || request.body.find(match.body) != std::string::npos);
}

void add(const Quirks& from, Quirks& to) {
  to.rewrites.insert(to.rewrites.end(), from.rewrites.begin(), from.rewrites.end());
  to.stuck_keys.insert(to.stuck_keys.end(), from.stuck_keys.begin(), from.stuck_keys.end());
  to.list_lag = std::max(to.list_lag, from.list_lag);
  to.read_lag = std::max(to.read_lag, from.read_lag);
}

}  // namespace

std::string_view to_string(FaultAction action) {
  switch (action) {
    case FaultAction::answer: return "answer";
    case FaultAction::delay: return "delay";
    case FaultAction::cut: return "cut";
    case FaultAction::late_commit: return "late_commit";
    case FaultAction::list_lag: return "list_lag";
    case FaultAction::normalise: return "normalise";
    case FaultAction::stuck_keys: return "stuck_keys";
  }
  return "answer";
}

bool FaultPlan::in_time(const FaultRule& rule, Instant now) const {
  if (rule.trigger.until && now >= since_ + *rule.trigger.until) return false;
  return !rule.trigger.lasting || !rule.first_hit || now < *rule.first_hit + *rule.trigger.lasting;
}

bool FaultPlan::fires(FaultRule& rule, Instant now, Random& random) const {
  if (!in_time(rule, now)) return false;
  ++rule.matched;
  if (rule.matched < rule.trigger.from || rule.hits >= rule.trigger.count) return false;
  if (rule.trigger.probability < 1 && random.unit() >= rule.trigger.probability) return false;
  ++rule.hits;
  if (!rule.first_hit) rule.first_hit = now;
  return true;
}

FaultChoice FaultPlan::choose(const Request& request, std::string_view org_id, Instant now,
                              Random& random) {
  FaultChoice choice;
  for (auto& rule : rules_) {
    const bool about_content = is_about_content(rule.action);
    if (!about_content && choice.rule != nullptr) continue;
    if (!fits(rule.match, request, org_id) || !fires(rule, now, random)) continue;
    choice.names.push_back(rule.name);
    if (about_content) {
      add(rule.quirks, choice.quirks);
    } else {
      choice.rule = &rule;
    }
  }
  return choice;
}

std::string FaultPlan::to_json() const {
  std::string items;
  for (const auto& rule : rules_) {
    if (!items.empty()) items += ',';
    items += fmt::format(R"({{"name":{},"matched":{},"hits":{},"rule":{}}})", quoted(rule.name),
                         rule.matched, rule.hits, rule.source);
  }
  return fmt::format(R"({{"faults":[{}]}})", items);
}

}  // namespace vapisync::sandbox
