// outbox list and show, saves show.
#include <algorithm>

#include "admin_command.hpp"
#include "entry_filter.hpp"
#include "operator_commands.hpp"

namespace vapisync::commands {
namespace {

std::string state_text(const json::Value& entry) {
  return member_text(entry, "state") + (flag(entry, "mended") ? ", mended" : "");
}

int show_entries(const json::Document& entries, int limit, std::string& out) {
  if (entries.Empty()) {
    out = "no such entries\n";
    return exit_ok;
  }
  Table table({"ENTRY", "ORG", "RESOURCE", "STATE", "CAUSE", "AGE", "REQUEST", "ERROR"});
  for (const auto& entry : entries.GetArray()) {
    table.add({member_text(entry, "entryId"), member_text(entry, "org"),
               member_text(entry, "resource"), state_text(entry), member_text(entry, "cause"),
               age_text(json::int_or(entry, "ageSeconds", 0)), member_text(entry, "requestId"),
               error_text(json::find(entry, "error"))});
  }
  out = table.text();
  if (static_cast<int>(entries.Size()) == limit) {
    out += fmt::format("these are the newest {}; see --limit\n", limit);
  }
  return exit_ok;
}

void show_document(const json::Value& entry, std::string_view name, std::string& out) {
  const auto* document = json::find(entry, name);
  if (document == nullptr || document->IsNull()) return;
  out += fmt::format("\n{}\n{}\n", name, pretty(*document));
}

void show_attempts(const json::Value& entry, std::string& out) {
  const auto attempts = items(entry, "attempts");
  if (attempts.Empty()) return;
  Table table({"AT", "PHASE", "STATUS", "CODE", "MS", "MESSAGE"});
  for (const auto& attempt : attempts) {
    table.add({time_text(attempt, "at"), member_text(attempt, "phase"),
               member_text(attempt, "status"), member_text(attempt, "code"),
               member_text(attempt, "ms"), member_text(attempt, "message")});
  }
  out += "\nfailed attempts\n" + table.text();
}

int show_entry(const json::Document& entry, std::string& out) {
  const auto line = [&out](std::string_view label, const std::string& text) {
    if (!text.empty()) out += fmt::format("{:<10}{}\n", label, text);
  };
  line("entry", fmt::format("{}: {} of org {}, v{}", member_text(entry, "entryId"),
                            member_text(entry, "resource"), member_text(entry, "org"),
                            json::int_or(entry, "version", 0)));
  line("state", member_text(entry, "state"));
  line("what", member_text(entry, "op") + ", cause " + member_text(entry, "cause"));
  line("saved", fmt::format("{} by {}, request {} (on reject: {}), which is {}",
                            time_text(entry, "createdAt"), member_text(entry, "actor"),
                            member_text(entry, "requestId"), member_text(entry, "onReject"),
                            member_text(entry, "saveState")));
  line("error", error_text(json::find(entry, "error")));
  const auto live = json::int_or(entry, "liveVersion", 0);
  line("live",
       live == 0 ? "nothing" : fmt::format("v{} as {}", live, member_text(entry, "remoteId")));
  show_attempts(entry, out);
  const auto differences = differences_text(*json::find(entry, "differences"), "  ");
  if (!differences.empty()) out += "\nlive -> this entry\n" + differences;
  show_document(entry, "ask", out);
  show_document(entry, "payload", out);
  return exit_ok;
}

void show_save(const json::Value& save, std::string& out) {
  out += fmt::format("request {} of org {}: {}\n{}\nsaved {} by {}, on reject: {}\n\n",
                     member_text(save, "requestId"), member_text(save, "org"),
                     member_text(save, "state"), member_text(save, "message"),
                     time_text(save, "createdAt"), member_text(save, "actor"),
                     member_text(save, "onReject"));
  Table table({"ENTRY", "RESOURCE", "OP", "CAUSE", "STATE", "ERROR"});
  for (const auto& entry : items(save, "entries")) {
    table.add({member_text(entry, "entryId"), member_text(entry, "resource"),
               member_text(entry, "op"), member_text(entry, "cause"), member_text(entry, "state"),
               error_text(json::find(entry, "error"))});
  }
  out += table.text();
  for (const auto& operation : items(save, "operations")) {
    out += fmt::format("{} by {}, {}\n", member_text(operation, "action"),
                       member_text(operation, "actor"), time_text(operation, "at"));
  }
}

Error nothing(const std::string& what) {
  return make_error(Verdict::invalid, "unknown",
                    "there is no " + what + ": it never was, or it is pruned");
}

}  // namespace

int outbox_list(const config::Config& config, const EntryOptions& options, Output output) {
  const auto filter = entry_filter(options);
  if (!filter) return fail(filter.error(), output);
  return ask_database(
      config, output, [&](db::AdminStore& store) { return store.entries(*filter); },
      [&](const json::Document& entries, std::string& out) {
        return show_entries(entries, options.limit, out);
      });
}

int outbox_show(const config::Config& config, const EntryOptions& options, Output output) {
  const auto id = db::parse_entry_id(options.ids.front());
  if (!id) return fail(id.error(), output);
  const auto ask = [&](db::AdminStore& store) -> db::AdminStore::Answer {
    auto entry = store.entry(*id);
    if (entry && entry->IsNull()) return nothing("entry " + options.ids.front());
    return entry;
  };
  return ask_database(config, output, ask, show_entry);
}

int saves_show(const config::Config& config, const SaveOptions& options, Output output) {
  const auto ask = [&](db::AdminStore& store) -> db::AdminStore::Answer {
    auto saves = store.saves(options.request_id, options.org);
    if (saves && saves->Empty()) return nothing("save with the request id " + options.request_id);
    return saves;
  };
  return ask_database(config, output, ask, [](const json::Document& saves, std::string& out) {
    for (const auto& save : saves.GetArray()) {
      if (!out.empty()) out += "\n";
      show_save(save, out);
    }
    return exit_ok;
  });
}

}  // namespace vapisync::commands
