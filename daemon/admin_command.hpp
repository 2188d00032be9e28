#pragma once
// One question to the database's operator side, and its answer on standard output.
#include <fmt/format.h>

#include "commands.hpp"
#include "db/admin_store.hpp"
#include "on_database.hpp"
#include "print.hpp"

namespace vapisync::commands {

inline db::AdminStore admin_store(pqxx::connection& connection, const config::Config& config) {
  db::AdminOptions options;
  options.platform_for_all = config.vapi.platform_orgs == config::PlatformOrgs::all;
  return {connection, options};
}

/// `ask(store)` answers; `show(answer)` prints it for people and returns the exit code that holds
/// for --json as well.
template <class Ask, class Show>
int ask_database(const config::Config& config, Output output, Ask ask, Show show) {
  const auto answer = on_database(config, [&](pqxx::connection& connection) {
    auto store = admin_store(connection, config);
    return ask(store);
  });
  if (!answer) return fail(answer.error(), output);
  std::string text;
  const int code = show(*answer, text);
  fmt::print("{}", output.json ? json::to_text(*answer) + "\n" : text);
  return code;
}

}  // namespace vapisync::commands
