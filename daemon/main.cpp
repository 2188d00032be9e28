#include <cstdio>

#include <CLI/CLI.hpp>

#include "commands.hpp"

using namespace vapisync;

namespace {

struct Globals {
  std::string config_file;
  std::vector<std::string> settings;
  commands::Output output;
};

/// Loads the configuration for the commands that need it, and refuses a wrong one.
int with_config(const Globals& globals, const std::function<int(const config::Config&)>& command) {
  config::Sources sources;
  if (!globals.config_file.empty()) sources.file = globals.config_file;
  sources.environment = config::process_environment();
  sources.flags = globals.settings;
  const auto loaded = config::load(sources);
  return loaded ? command(*loaded) : commands::fail(loaded.error(), globals.output);
}

void add_serve(CLI::App& app, Globals& globals, int& code) {
  auto* serve = app.add_subcommand("serve", "Run the daemon: make Vapi equal to the database");
  serve->callback([&] { code = with_config(globals, commands::serve); });
}

void add_sandbox(CLI::App& app, commands::SandboxOptions& options, int& code) {
  auto* sandbox = app.add_subcommand("sandbox", "Run a strict local stand-in for Vapi");
  sandbox->add_option("--listen", options.listen, "HOST:PORT to listen on; port 0 is any free one")
      ->required();
  sandbox->add_option("--seed", options.seed, "Seed of ids and chances")->capture_default_str();
  sandbox->add_option("--faults", options.faults_file, "JSON file with a fault plan");
  sandbox->callback([&] { code = commands::sandbox(options); });
}

void add_migrate(CLI::App& app, Globals& globals, int& code) {
  auto* migrate = app.add_subcommand("migrate", "The schema in the database");
  migrate->require_subcommand(1);
  migrate->add_subcommand("up", "Bring the schema to this binary's version; safe to repeat")
      ->callback([&] {
        code = with_config(globals, [&](const auto& config) {
          return commands::migrate_up(config, globals.output);
        });
      });
  migrate->add_subcommand("status", "What is applied; exit code 2 if something is pending")
      ->callback([&] {
        code = with_config(globals, [&](const auto& config) {
          return commands::migrate_status(config, globals.output);
        });
      });
  migrate->add_subcommand("sql", "Print everything as one script for psql")->callback([&] {
    code = commands::migrate_sql();
  });
}

void add_config(CLI::App& app, Globals& globals, int& code) {
  auto* configuration = app.add_subcommand("config", "The configuration in force");
  configuration->require_subcommand(1);
  configuration->add_subcommand("show", "Print every value and where it was set; secrets redacted")
      ->callback([&] {
        code = with_config(globals, [&](const auto& config) {
          return commands::config_show(config, globals.output);
        });
      });
  configuration->add_subcommand("check", "Check that serve could start with it")->callback([&] {
    code = with_config(globals, [&](const auto& config) {
      return commands::config_check(config, globals.output);
    });
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("vapisync keeps a Vapi account equal to what a Postgres database says it should be");
  app.set_version_flag("--version", VAPISYNC_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Globals globals;
  commands::SandboxOptions sandbox;
  int code = commands::exit_ok;
  app.add_option("--config", globals.config_file, "Configuration file (TOML)");
  app.add_option("--set", globals.settings, "Override a setting: section.key=value")
      ->take_all()
      ->allow_extra_args(false);
  app.add_flag("--json", globals.output.json, "Print JSON instead of text");
  add_serve(app, globals, code);
  add_sandbox(app, sandbox, code);
  add_migrate(app, globals, code);
  add_config(app, globals, code);
  CLI11_PARSE(app, argc, argv);
  return code;
}
