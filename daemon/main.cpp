#include <cstdio>

#include <CLI/CLI.hpp>

#include "cli.hpp"
#include "commands.hpp"

using namespace vapisync;
using cli::Globals;
using cli::with_config;

namespace {

void add_serve(CLI::App& app, Globals& globals, int& code) {
  auto* serve = app.add_subcommand("serve", "Run the daemon: make Vapi equal to the database");
  serve->callback([&] { code = commands::serve([&] { return cli::load_config(globals); }); });
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

void add_restored(CLI::App& app, Globals& globals, commands::RestoredOptions& options, int& code) {
  using Action = commands::RestoredAction;
  auto* restored = app.add_subcommand(
      "restored", "After a restore or a copy of the database: says which it is, or decides");
  auto* resync = restored->add_flag_callback(
      "--resync", [&options] { options.action = Action::resync; },
      "It takes the place of the original: look at every resource again");
  restored
      ->add_flag_callback(
          "--detach", [&options] { options.action = Action::detach; },
          "It is a copy: forget the objects in Vapi, which stay the original's")
      ->excludes(resync);
  restored->add_flag("--dry-run", options.dry_run, "Only say what would be done; exit code 2");
  restored->add_flag("--force", options.force, "Detach what looks like the original");
  restored->callback([&] {
    code = with_config(globals, [&](const auto& config) {
      return commands::restored(config, options, globals.output);
    });
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

void add_workspace(CLI::App& app, Globals& globals, commands::WorkspaceOptions& options,
                   int& code) {
  app.add_subcommand("keygen", "Print a new line for secrets.key_file")->callback([&] {
    code = commands::keygen();
  });
  auto* workspace = app.add_subcommand("workspace", "An org's Vapi account");
  workspace->require_subcommand(1);
  auto* set = workspace->add_subcommand(
      "set", "Give an org a Vapi key, read from standard input, or the platform's");
  set->add_option("ORG", options.org)->required();
  set->add_flag("--platform", options.platform, "Let the org use the platform key");
  set->callback([&] {
    code = with_config(globals, [&](const auto& config) {
      return commands::workspace_set(config, options, globals.output);
    });
  });
  auto* resume = workspace->add_subcommand(
      "resume", "Go on after so many objects were gone that the key was paused (mass_404)");
  resume->add_option("ORG", options.org)->required();
  resume->callback([&] {
    code = with_config(globals, [&](const auto& config) {
      return commands::workspace_resume(config, options, globals.output);
    });
  });
  auto* show = workspace->add_subcommand("show", "What an org has; never the key");
  show->add_option("ORG", options.org)->required();
  show->callback([&] {
    code = with_config(globals, [&](const auto& config) {
      return commands::workspace_show(config, options, globals.output);
    });
  });
}

/// Exit codes are 0 and 1 for people's mistakes too; an unknown command is named.
int complain(const CLI::App& app, const CLI::ParseError& wrong, int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  const auto known =
      app.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == first; });
  if (!first.empty() && first.front() != '-' && known.empty()) {
    return commands::fail(make_error(Verdict::invalid, "usage",
                                     "there is no command '" + first + "': see vapisync --help"),
                          {});
  }
  return app.exit(wrong) == 0 ? commands::exit_ok : commands::exit_error;
}

}  // namespace

Result<config::Config> cli::load_config(const Globals& globals) {
  config::Sources sources;
  if (!globals.config_file.empty()) sources.file = globals.config_file;
  sources.environment = config::process_environment();
  sources.flags = globals.settings;
  return config::load(sources);
}

int cli::with_config(const Globals& globals,
                     const std::function<int(const config::Config&)>& command) {
  const auto loaded = load_config(globals);
  return loaded ? command(*loaded) : commands::fail(loaded.error(), globals.output);
}

int main(int argc, char** argv) {
  CLI::App app("vapisync keeps a Vapi account equal to what a Postgres database says it should be");
  app.set_version_flag("--version", VAPISYNC_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Globals globals;
  commands::SandboxOptions sandbox;
  commands::WorkspaceOptions workspace;
  commands::RestoredOptions restored;
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
  add_workspace(app, globals, workspace, code);
  add_restored(app, globals, restored, code);
  cli::add_operator_verbs({app, globals, code});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return complain(app, wrong, argc, argv);
  }
  return code;
}
