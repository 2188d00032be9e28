#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include <termios.h>
#include <unistd.h>

#include <pqxx/pqxx>

#include "base/json.hpp"
#include "commands.hpp"
#include "on_database.hpp"
#include "secret_files.hpp"
#include "workspace/vapi_key.hpp"

namespace vapisync::commands {
namespace {

/// Does not show what is typed on a terminal.
class SilentTerminal {
 public:
  SilentTerminal() : is_terminal_(isatty(STDIN_FILENO) == 1) {
    if (!is_terminal_) return;
    fmt::print(stderr, "Vapi key (not shown): ");
    tcgetattr(STDIN_FILENO, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  ~SilentTerminal() {
    if (!is_terminal_) return;
    tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    fmt::print(stderr, "\n");
  }

 private:
  bool is_terminal_;
  termios before_{};
};

Result<Secret> read_key() {
  const SilentTerminal silent;
  std::string line;
  std::getline(std::cin, line);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (line.empty()) {
    return make_error(Verdict::invalid, "no_key",
                      "no key on standard input: vapisync workspace set ORG < FILE");
  }
  return Secret(std::move(line));
}

int print_change(const std::string& org, const workspace::KeyChange& change, Output output) {
  if (output.json) {
    json::Document document(rapidjson::kObjectType);
    auto& allocator = document.GetAllocator();
    json::set(document, "org", json::make_text(org, allocator), allocator);
    json::set(document, "credential", json::Value(change.credential_id), allocator);
    json::set(document, "account", json::make_text(change.account_id, allocator), allocator);
    json::set(document, "otherAccount", json::Value(change.other_account), allocator);
    fmt::print("{}\n", json::to_text(document));
  } else {
    fmt::print("{}: Vapi accepted the key (account {}); everything of the org is looked at again\n",
               org, change.account_id.empty() ? "not known yet" : change.account_id);
    if (change.other_account) {
      fmt::print("it is another account: what the org had in the old one is listed as leftovers\n");
    }
  }
  return exit_ok;
}

int set_platform(const config::Config& config, const std::string& org, Output output) {
  const auto granted = on_database(config, [&](pqxx::connection& connection) {
    return workspace::grant_platform(connection, org);
  });
  if (!granted) return fail(granted.error(), output);
  fmt::print("{}\n", output.json ? R"({"platform":true})" : org + ": uses the platform key now");
  return exit_ok;
}

std::string to_json(const std::string& org, const workspace::Shown& shown) {
  json::Document document(rapidjson::kObjectType);
  auto& allocator = document.GetAllocator();
  const auto text = [&](std::string_view name, const std::string& value) {
    json::set(document, name, json::make_text(value, allocator), allocator);
  };
  text("org", org);
  json::set(document, "credential", json::Value(shown.credential_id), allocator);
  json::set(document, "platform", json::Value(shown.platform), allocator);
  text("baseUrl", shown.base_url);
  text("account", shown.account_id);
  text("fingerprint", shown.fingerprint);
  text("state", shown.state);
  text("pausedReason", shown.paused_reason);
  json::set(document, "resources", json::Value(shown.resources), allocator);
  json::set(document, "unconverged", json::Value(shown.unconverged), allocator);
  return json::to_text(document);
}

void print_for_people(const std::string& org, const workspace::Shown& shown) {
  fmt::print("org          {}\n", org);
  if (shown.credential_id == 0) {
    fmt::print("Vapi key     none of its own: vapisync workspace set {} [--platform]\n", org);
  } else {
    fmt::print("Vapi key     {}, fingerprint {}, at {}\n",
               shown.platform ? "the platform's" : "its own", shown.fingerprint, shown.base_url);
    fmt::print("account      {}\n",
               shown.account_id.empty() ? "not known before the first answer" : shown.account_id);
    fmt::print("state        {}{}\n", shown.state,
               shown.paused_reason.empty() ? "" : " (" + shown.paused_reason + ")");
  }
  fmt::print("resources    {}, of which {} wait for Vapi\n", shown.resources, shown.unconverged);
}

}  // namespace

int keygen() {
  fmt::print("{}\n", Sealer::make_key_line().reveal());
  return exit_ok;
}

int workspace_set(const config::Config& config, const WorkspaceOptions& options, Output output) {
  if (options.platform) return set_platform(config, options.org, output);
  auto sealer = read_sealer(config);
  if (!sealer) return fail(sealer.error(), output);
  if (!*sealer) {
    return fail(make_error(Verdict::invalid, "no_sealing_key",
                           "secrets.key_file is not set: make one with `vapisync keygen`, since "
                           "keys are stored sealed"),
                output);
  }
  auto key = read_key();
  if (!key) return fail(key.error(), output);
  workspace::NewKey change{options.org, config.vapi.base_url, std::move(*key)};
  const auto changed = on_database(config, [&](pqxx::connection& connection) {
    return workspace::set_vapi_key(connection, **sealer, change);
  });
  return changed ? print_change(options.org, *changed, output) : fail(changed.error(), output);
}

int workspace_resume(const config::Config& config, const WorkspaceOptions& options, Output output) {
  const auto resumed = on_database(config, [&](pqxx::connection& connection) {
    return workspace::resume(connection, options.org);
  });
  if (!resumed) return fail(resumed.error(), output);
  if (output.json) {
    fmt::print("{{\"resumed\":{}}}\n", *resumed);
  } else {
    fmt::print("{}: {}\n", options.org,
               *resumed ? "its Vapi key is used again, and what is wanted is made anew"
                        : "its Vapi key was not paused");
  }
  return exit_ok;
}

int workspace_show(const config::Config& config, const WorkspaceOptions& options, Output output) {
  const auto shown = on_database(config, [&](pqxx::connection& connection) {
    return workspace::show(connection, options.org);
  });
  if (!shown) return fail(shown.error(), output);
  if (!shown->known) {
    return fail(make_error(Verdict::invalid, "unknown_org",
                           fmt::format("no org '{}' is known: it appears with its first save, or "
                                       "with workspace set",
                                       options.org)),
                output);
  }
  if (output.json) {
    fmt::print("{}\n", to_json(options.org, *shown));
  } else {
    print_for_people(options.org, *shown);
  }
  return exit_ok;
}

}  // namespace vapisync::commands
