// outbox replay and discard: acts on entries, each in a transaction of its own.
#include <algorithm>
#include <set>

#include "admin_command.hpp"
#include "entry_filter.hpp"
#include "operator_commands.hpp"

namespace vapisync::commands {
namespace {

using Ids = std::vector<std::string>;

bool has_filter(const EntryOptions& options) {
  return options.all || !options.states.empty() || options.org || options.kind || options.error ||
         options.since;
}

/// Those that ended without success, the oldest first; of a save and its replays one, unless each
/// is to go alone.
Ids failed_of(const json::Value& entries, bool each) {
  Ids ids;
  std::set<std::string> seen;
  const auto list = entries.GetArray();
  for (auto entry = list.End(); entry != list.Begin();) {
    --entry;
    const auto state = member_text(*entry, "state");
    if ((state != "failed" && state != "rolled_back") || flag(*entry, "mended")) continue;
    if (member_text(*entry, "cause") == "rollback") continue;
    const auto save = member_text(*entry, "org") + '\n' + member_text(*entry, "replayOf");
    if (each || seen.insert(save).second) ids.push_back(member_text(*entry, "entryId"));
  }
  return ids;
}

Result<Ids> chosen(db::AdminStore& store, const EntryOptions& options) {
  if (!options.ids.empty()) return options.ids;
  if (!has_filter(options)) {
    return make_error(Verdict::invalid, "usage",
                      "say which: entries as outbox list shows them, or --org, --kind, --error, "
                      "--state, --since, or --all that failed and are not mended");
  }
  const auto filter = entry_filter(options);
  if (!filter) return filter.error();
  const auto entries = store.entries(*filter);
  if (!entries) return entries.error();
  return failed_of(*entries, options.only);
}

/// One answer after the other; an error stands for its entry, and does not stop the others.
template <class Act>
db::AdminStore::Answer act_on_each(db::AdminStore& store, const EntryOptions& options, Act act) {
  const auto ids = chosen(store, options);
  if (!ids) return ids.error();
  json::Document answers(rapidjson::kArrayType);
  auto& allocator = answers.GetAllocator();
  for (const auto& text : *ids) {
    const auto id = db::parse_entry_id(text);
    if (!id) return id.error();
    const auto answer = act(*id);
    json::Value item(rapidjson::kObjectType);
    if (answer) {
      item.CopyFrom(*answer, allocator);
    } else {
      json::set(item, "entryId", json::make_text(text, allocator), allocator);
      json::set(item, "status", json::make_text("error", allocator), allocator);
      json::set(item, "message", json::make_text(answer.error().message, allocator), allocator);
    }
    answers.PushBack(item, allocator);
  }
  return answers;
}

std::string names(const json::Value& answer) {
  std::string out;
  for (const auto& name : items(answer, "resources")) {
    out += (out.empty() ? "" : ", ") + std::string(json::text(name));
  }
  return out;
}

std::string newer_than(const json::Value& answer) {
  std::string out;
  for (const auto& item : items(answer, "older")) {
    out += fmt::format("{}{} v{}", out.empty() ? "" : ", ", member_text(item, "resource"),
                       json::int_or(item, "newer", 0));
  }
  return out;
}

std::string replay_text(const json::Value& answer, const std::string& state) {
  const auto request = member_text(answer, "requestId");
  if (state == "open") return "is on its way already, as request " + request;
  if (state == "older") {
    return "not replayed, because newer versions are live since: " + newer_than(answer) +
           "; look at outbox show, then --force or --only";
  }
  return fmt::format("{} as request {}: {}", state == "replayed" ? "replayed" : "would be replayed",
                     request, names(answer));
}

std::string discard_text(const json::Value& answer, const std::string& state) {
  const auto request = member_text(answer, "requestId");
  if (state == "done") return fmt::format("request {} is rolled back already, or soon", request);
  std::string out =
      fmt::format("request {} {}", request,
                  state == "discarded" ? "is being rolled back" : "would be rolled back");
  for (const auto& resource : items(answer, "resources")) {
    out += fmt::format("\n  {}{}", member_text(resource, "resource"),
                       flag(resource, "deletes") ? ": deleted again" : "");
    if (flag(resource, "deletes")) continue;
    const auto differences = differences_text(*json::find(resource, "differences"), "    ");
    out += differences.empty() ? ": nothing changes" : "\n" + differences;
    while (out.ends_with('\n')) out.pop_back();
  }
  return out;
}

/// 1 when one failed, else 2 when something is left to do.
int code_of(const json::Value& answers) {
  int code = exit_ok;
  for (const auto& answer : answers.GetArray()) {
    const auto state = member_text(answer, "status");
    if (state == "error") return exit_error;
    if (state == "older" || state.starts_with("would_")) code = exit_differs;
  }
  return code;
}

using ToText = std::string (*)(const json::Value&, const std::string&);

auto show_answers(ToText to_text) {
  return [to_text](const json::Document& answers, std::string& out) {
    if (answers.Empty()) out = "nothing to do: no such entries that failed\n";
    for (const auto& answer : answers.GetArray()) {
      const auto state = member_text(answer, "status");
      out +=
          fmt::format("{}: {}\n", member_text(answer, "entryId"),
                      state == "error" ? member_text(answer, "message") : to_text(answer, state));
    }
    return code_of(answers);
  };
}

}  // namespace

int outbox_replay(const config::Config& config, const EntryOptions& options, Output output) {
  const db::Act act{actor_or_me(options.actor), options.dry_run};
  const auto ask = [&](db::AdminStore& store) {
    return act_on_each(store, options, [&](db::EntryId id) {
      return store.replay(id, options.only, options.force, act);
    });
  };
  return ask_database(config, output, ask, show_answers(replay_text));
}

int outbox_discard(const config::Config& config, const EntryOptions& options, Output output) {
  const db::Act act{actor_or_me(options.actor), options.dry_run};
  const auto ask = [&](db::AdminStore& store) {
    return act_on_each(store, options, [&](db::EntryId id) { return store.discard(id, act); });
  };
  return ask_database(config, output, ask, show_answers(discard_text));
}

}  // namespace vapisync::commands
