#pragma once
// How a verb of the command line becomes the call of a command.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "commands.hpp"

namespace vapisync::cli {

struct Globals {
  std::string config_file;
  std::vector<std::string> settings;
  commands::Output output;
};

Result<config::Config> load_config(const Globals& globals);

/// Loads the configuration for the commands that need it, and refuses a wrong one.
int with_config(const Globals& globals, const std::function<int(const config::Config&)>& command);

/// Where verbs are added, and where their exit code goes.
struct Verbs {
  CLI::App& app;
  const Globals& globals;
  int& code;
};

/// The verb calls `command` with the options that were parsed; it keeps them alive.
template <class Options>
void runs(const Verbs& verbs, CLI::App* verb, std::shared_ptr<Options> options,
          int (*command)(const config::Config&, const Options&, commands::Output)) {
  verb->callback([verbs, options, command] {
    verbs.code = with_config(verbs.globals, [&](const config::Config& config) {
      return command(config, *options, verbs.globals.output);
    });
  });
}

/// status, why, history, saves, outbox, rollback, org, retry, prune, doctor.
void add_operator_verbs(const Verbs& verbs);

}  // namespace vapisync::cli
