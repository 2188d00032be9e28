#include "admin_command.hpp"
#include "operator_commands.hpp"

namespace vapisync::commands {
namespace {

void line(std::string& out, std::string_view label, const std::string& text) {
  out += fmt::format("{:<13}{}\n", label, text);
}

void show_problems(const json::Value& status, std::string& out) {
  const auto problems = items(status, "problems");
  if (problems.Empty()) {
    out += "healthy\n\n";
    return;
  }
  out += "NOT HEALTHY\n";
  for (const auto& problem : problems) {
    out += fmt::format("  {}\n    -> {}\n", member_text(problem, "message"),
                       member_text(problem, "hint"));
  }
  out += "\n";
}

/// What a daemon that lives told with its last sign of life.
std::string report_text(const json::Value& daemon) {
  const auto* report = json::find(daemon, "report");
  if (!flag(daemon, "alive") || report == nullptr || !report->IsObject()) return {};
  const auto* rate = json::find(*report, "syncedPerSecond");
  std::string out = fmt::format(", {:.1f}/s synced, {} in flight",
                                rate != nullptr && rate->IsNumber() ? rate->GetDouble() : 0.0,
                                json::int_or(*report, "inFlight", 0));
  const auto open = json::int_or(*report, "breakersOpen", 0);
  const auto half_open = json::int_or(*report, "breakersHalfOpen", 0);
  if (open + half_open == 0) return out + ", breakers closed";
  return out + fmt::format(", breakers: {} open, {} half open", open, half_open);
}

void show_daemons(const json::Value& status, std::string& out) {
  std::string_view label = "daemons";
  int64_t gone = json::int_or(status, "daemonsGone", 0);
  for (const auto& daemon : items(status, "daemons")) {
    if (!flag(daemon, "alive")) --gone;
    line(out, label,
         fmt::format("{} {} {}, seen {} ago{}", member_text(daemon, "daemonId"),
                     member_text(daemon, "version"), flag(daemon, "alive") ? "alive" : "gone",
                     age_text(json::int_or(daemon, "ageSeconds", 0)), report_text(daemon)));
    label = "";
  }
  if (!label.empty()) line(out, label, "none is known");
  if (gone > 0) line(out, "", counted(gone, "more daemon") + ", gone for longer");
}

void show_queue(const json::Value& status, std::string& out) {
  const auto* counts = json::find(status, "unconverged");
  const auto count = [counts](std::string_view state) { return json::int_or(*counts, state, 0); };
  line(out, "unconverged",
       fmt::format("{} due, {} in flight, {} waiting, {} paused, {} blocked", count("due"),
                   count("flying"), count("waiting"), count("paused"), count("blocked")));
  const auto* oldest = json::find(status, "oldest");
  if (oldest == nullptr || oldest->IsNull()) return;
  line(out, "oldest",
       fmt::format("{} of org {}, for {} (entry {})", member_text(*oldest, "resource"),
                   member_text(*oldest, "org"), age_text(json::int_or(*oldest, "ageSeconds", 0)),
                   member_text(*oldest, "entryId")));
}

void show_pauses(const json::Value& status, std::string& out) {
  for (const auto& key : items(status, "keys")) {
    std::string orgs;
    for (const auto& org : items(key, "orgs")) orgs += " " + std::string(json::text(org));
    const auto until = time_text(key, "until");
    line(out, "key paused",
         fmt::format("{} ({}{}): {}, until {}", json::int_or(key, "credential", 0),
                     flag(key, "platform") ? "the platform's" : "of", orgs,
                     member_text(key, "reason"),
                     until.empty() ? "vapisync workspace resume ORG" : until));
  }
  for (const auto& org : items(status, "orgsPaused")) {
    const auto reason = member_text(org, "reason");
    line(out, "org paused",
         fmt::format("{} since {}{}", member_text(org, "org"), time_text(org, "since"),
                     reason.empty() ? "" : ": " + reason));
  }
}

void show_rest(const json::Value& status, std::string& out) {
  line(out, "failed",
       counted(json::int_or(status, "failedEntriesToday", 0), "entry") + " in the last 24 hours");
  line(out, "leftovers", counted(json::int_or(status, "leftovers", 0), "object"));
  const auto resync = json::int_or(status, "toResync", 0);
  if (resync > 0) line(out, "resync", counted(resync, "resource") + " still to be looked at again");
  std::string_view label = "horizon";
  for (const auto& holder : items(status, "horizon")) {
    const auto since = time_text(holder, "since");
    line(out, label,
         fmt::format("{} {}: {}{}", member_text(holder, "what"), member_text(holder, "who"),
                     counted(json::int_or(holder, "transactions", 0), "transaction") + " back",
                     since.empty() ? "" : ", since " + since));
    label = "";
  }
  if (!label.empty()) line(out, label, "nobody keeps dead rows");
}

db::AdminStore::Answer ask_status(db::AdminStore& store, std::chrono::seconds overdue_after) {
  auto status = store.status(overdue_after);
  if (!status) return status;
  const auto horizon = store.horizon();
  if (!horizon) return horizon.error();
  auto& allocator = status->GetAllocator();
  json::set(*status, "horizon", json::Value(*horizon, allocator), allocator);
  return status;
}

}  // namespace

int status(const config::Config& config, const NoOptions&, Output output) {
  return ask_database(
      config, output,
      [&](db::AdminStore& store) { return ask_status(store, config.retry.overdue_after); },
      [](const json::Document& answer, std::string& out) {
        show_problems(answer, out);
        show_daemons(answer, out);
        show_queue(answer, out);
        show_pauses(answer, out);
        show_rest(answer, out);
        return flag(answer, "healthy") ? exit_ok : exit_differs;
      });
}

}  // namespace vapisync::commands
