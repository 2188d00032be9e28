// org pause and resume, retry, prune.
#include <cstdlib>
#include <pwd.h>
#include <unistd.h>

#include "admin_command.hpp"
#include "operator_commands.hpp"

namespace vapisync::commands {
namespace {

int pause_or_resume(const config::Config& config, const OrgOptions& options, bool paused,
                    Output output) {
  const db::Act act{actor_or_me(options.actor), false};
  return ask_database(
      config, output,
      [&](db::AdminStore& store) { return store.pause(options.org, paused, options.reason, act); },
      [&](const json::Document& answer, std::string& out) {
        const std::string_view state = paused ? "paused" : "not paused";
        const auto waiting = counted(json::int_or(answer, "waiting", 0), "resource");
        out = flag(answer, "changed")
                  ? fmt::format("{} is {} now; unconverged: {}\n", options.org, state, waiting)
                  : fmt::format("{} was {} already\n", options.org, state);
        return exit_ok;
      });
}

Result<db::ResourceFilter> resource_filter(const RetryOptions& options) {
  db::ResourceFilter filter{options.org, {}, {}};
  if (!options.resource) return filter;
  if (!options.org) {
    return make_error(Verdict::invalid, "usage", "name the org of the resource with --org");
  }
  const auto name = db::parse_resource_name(*options.org, *options.resource);
  if (!name) return name.error();
  filter.kind = name->kind;
  filter.key = name->key;
  return filter;
}

db::AdminStore::Answer retry_now(db::AdminStore& store, const RetryOptions& options,
                                 const db::ResourceFilter& filter) {
  const db::Act act{actor_or_me(options.actor), !options.now};
  int64_t keys = 0;
  if (options.keys && options.now) {
    const auto ended = store.end_pauses(options.org, act);
    if (!ended) return ended.error();
    keys = ended->GetInt64();
  }
  auto answer = store.retry(filter, act);
  if (answer) json::set(*answer, "keysResumed", json::Value(keys), answer->GetAllocator());
  return answer;
}

}  // namespace

std::string actor_or_me(const std::optional<std::string>& told) {
  if (told && !told->empty()) return *told;
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  const char* user = std::getenv("USER");
  const passwd* entry = user == nullptr ? getpwuid(getuid()) : nullptr;
  if (entry != nullptr) user = entry->pw_name;
  return fmt::format("{}@{}", user != nullptr ? user : "unknown", host);
}

int org_pause(const config::Config& config, const OrgOptions& options, Output output) {
  return pause_or_resume(config, options, true, output);
}

int org_resume(const config::Config& config, const OrgOptions& options, Output output) {
  return pause_or_resume(config, options, false, output);
}

int retry(const config::Config& config, const RetryOptions& options, Output output) {
  const auto filter = resource_filter(options);
  if (!filter) return fail(filter.error(), output);
  return ask_database(
      config, output, [&](db::AdminStore& store) { return retry_now(store, options, *filter); },
      [&](const json::Document& answer, std::string& out) {
        const auto found = json::int_or(answer, "found", 0);
        const auto touched = json::int_or(answer, "touched", 0);
        if (!options.now) {
          out = fmt::format("waiting or blocked: {}{}\n", counted(found, "resource"),
                            found > 0 ? "; repeat with --now" : "");
          return found > 0 ? exit_differs : exit_ok;
        }
        out = fmt::format("due now: {} of {}\n", touched, counted(found, "resource"));
        const auto keys = json::int_or(answer, "keysResumed", 0);
        if (keys > 0) out += fmt::format("pauses ended: {}\n", counted(keys, "key"));
        return exit_ok;
      });
}

int prune(const config::Config& config, const PruneOptions& options, Output output) {
  const int days = options.days.value_or(config.retention.days);
  const db::Act act{actor_or_me({}), options.dry_run};
  return ask_database(
      config, output, [&](db::AdminStore& store) { return store.prune(days, act); },
      [&](const json::Document& answer, std::string& out) {
        const auto entries = json::int_or(answer, "entries", 0);
        const auto attempts = json::int_or(answer, "attempts", 0);
        out = fmt::format("older than {} and {}: {}, {}", counted(days, "day"),
                          options.dry_run ? "to go" : "gone now", counted(entries, "entry"),
                          counted(attempts, "attempt"));
        if (!options.dry_run) out += ", " + counted(json::int_or(answer, "saves", 0), "save");
        out += "\n";
        return options.dry_run && entries + attempts > 0 ? exit_differs : exit_ok;
      });
}

}  // namespace vapisync::commands
