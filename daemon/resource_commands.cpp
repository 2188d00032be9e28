// why, history and rollback: one resource.
#include "admin_command.hpp"
#include "operator_commands.hpp"

namespace vapisync::commands {
namespace {

void line(std::string& out, std::string_view label, const std::string& text) {
  out += fmt::format("{:<11}{}\n", label, text);
}

/// `v3 by ann, 2026-08-20 11:39:37 UTC, request r1 (replay)`
std::string version_text(const json::Value& entry) {
  const auto actor = member_text(entry, "actor");
  const auto request = member_text(entry, "requestId");
  const auto cause = member_text(entry, "cause");
  return fmt::format("v{}{}{}, {}{}{}", json::int_or(entry, "version", 0),
                     member_text(entry, "op") == "delete" ? " (delete)" : "",
                     actor.empty() ? "" : " by " + actor, time_text(entry, "createdAt"),
                     request.empty() ? "" : ", request " + request,
                     cause == "save" ? "" : " (" + cause + ")");
}

void show_versions(const json::Value& why, std::string& out) {
  const auto& wanted = *json::find(why, "wanted");
  if (wanted.IsObject()) {
    line(out, "wanted", version_text(wanted) + ": " + member_text(wanted, "state"));
  }
  const auto& live = *json::find(why, "live");
  const auto id = member_text(live, "remoteId");
  line(out, "in Vapi",
       id.empty() ? "nothing that we know of"
                  : fmt::format("v{} as {}, confirmed {}", json::int_or(live, "version", 0), id,
                                time_text(live, "lastSyncedAt")));
  const auto pending = items(why, "pending");
  if (pending.Size() > 1) {
    for (const auto& entry : pending) line(out, "pending", version_text(entry));
  }
  std::string versions;
  for (const auto& version : items(why, "coalesced")) {
    versions += fmt::format("{}v{}", versions.empty() ? "" : ", ", version.GetInt64());
  }
  if (!versions.empty()) line(out, "coalesced", versions + ": one call for all of them");
}

void show_trouble(const json::Value& why, std::string& out) {
  const auto error = error_text(json::find(why, "error"));
  if (!error.empty()) line(out, "refused", error);
  for (const auto& attempt : items(why, "attempts")) {
    line(out, "attempt",
         fmt::format("{} v{} {}: {} {}", time_text(attempt, "at"),
                     json::int_or(attempt, "version", 0), member_text(attempt, "phase"),
                     member_text(attempt, "code"), member_text(attempt, "message")));
  }
  for (const auto& reason : items(why, "waitsFor")) {
    const auto until = time_text(reason, "until");
    line(out, "waits for",
         member_text(reason, "message") + (until.empty() ? "" : ", until " + until));
  }
}

int show_why(const json::Document& why, std::string& out) {
  out = fmt::format("{} of org {}: {}\n\n", member_text(why, "resource"), member_text(why, "org"),
                    member_text(why, "state"));
  show_versions(why, out);
  show_trouble(why, out);
  const auto& next = *json::find(why, "next");
  const auto at = time_text(next, "at");
  line(out, "next", member_text(next, "what") + (at.empty() ? "" : ", " + at));
  return member_text(why, "state") == "converged" ? exit_ok : exit_differs;
}

std::string first_paths(const json::Value& version) {
  constexpr rapidjson::SizeType shown_max = 3;
  const auto paths = items(version, "changed");
  std::string out;
  for (rapidjson::SizeType i = 0; i < paths.Size() && i < shown_max; ++i) {
    out += (i == 0 ? "" : ", ") + std::string(json::text(paths[i]));
  }
  if (paths.Size() > shown_max) out += fmt::format(" and {} more", paths.Size() - shown_max);
  return out;
}

int show_history(const json::Document& history, std::string& out) {
  Table table({"VERSION", "STATE", "WHEN", "BY", "CAUSE", "REQUEST", "CHANGED"});
  const auto live = json::int_or(history, "liveVersion", 0);
  for (const auto& version : items(history, "versions")) {
    const auto number = json::int_or(version, "version", 0);
    table.add({fmt::format("v{}{}", number, number == live ? " live" : ""),
               member_text(version, "state"), time_text(version, "createdAt"),
               member_text(version, "actor"),
               member_text(version, "op") == "delete" ? "delete" : member_text(version, "cause"),
               member_text(version, "requestId"), first_paths(version)});
  }
  out = table.text();
  return exit_ok;
}

int show_rollback(const json::Document& answer, std::string& out) {
  const auto state = member_text(answer, "status");
  const auto resource = member_text(answer, "resource");
  const auto to = json::int_or(answer, "to", 0);
  if (state == "same") {
    out = fmt::format("{} wants what it wanted in v{} already: nothing to do\n", resource, to);
    return exit_ok;
  }
  const bool done = state == "wanted";
  out = done ? fmt::format("{} wants v{} again, as entry {} of request {}\n", resource, to,
                           member_text(answer, "entryId"), member_text(answer, "requestId"))
             : fmt::format("{} would want v{} again\n", resource, to);
  out += differences_text(*json::find(answer, "differences"), "  ");
  return done ? exit_ok : exit_differs;
}

}  // namespace

int why(const config::Config& config, const ResourceOptions& options, Output output) {
  const auto name = db::parse_resource_name(options.org, options.resource);
  if (!name) return fail(name.error(), output);
  return ask_database(
      config, output,
      [&](db::AdminStore& store) { return store.why(*name, config.vapi.open_window()); }, show_why);
}

int history(const config::Config& config, const ResourceOptions& options, Output output) {
  const auto name = db::parse_resource_name(options.org, options.resource);
  if (!name) return fail(name.error(), output);
  return ask_database(
      config, output, [&](db::AdminStore& store) { return store.history(*name, options.limit); },
      show_history);
}

int rollback(const config::Config& config, const RollbackOptions& options, Output output) {
  const auto name = db::parse_resource_name(options.org, options.resource);
  if (!name) return fail(name.error(), output);
  const db::Act act{actor_or_me(options.actor), options.dry_run};
  return ask_database(
      config, output,
      [&](db::AdminStore& store) { return store.roll_back(*name, options.version, act); },
      show_rollback);
}

}  // namespace vapisync::commands
