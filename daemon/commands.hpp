#pragma once
// The verbs of the binary, one small function each. Every one returns the process's exit code:
// 0 done, 1 error, 2 differs; and `serve` 78 where only another configuration helps.
#include <cstdint>
#include <functional>
#include <string>

#include "config/config.hpp"

namespace vapisync::commands {

inline constexpr int exit_ok = 0;
inline constexpr int exit_error = 1;
inline constexpr int exit_differs = 2;
inline constexpr int exit_config = 78;  ///< EX_CONFIG of sysexits.h: restarting is of no use

struct Output {
  bool json{false};
};

using LoadConfig = std::function<Result<config::Config>()>;
/// Loads once to start, and again for every HUP.
int serve(const LoadConfig& load);

struct SandboxOptions {
  std::string listen;
  uint64_t seed{1};
  std::string faults_file;
};
int sandbox(const SandboxOptions& options);

int migrate_up(const config::Config& config, Output output);
int migrate_status(const config::Config& config, Output output);
int migrate_sql();

enum class RestoredAction { status, resync, detach };
struct RestoredOptions {
  RestoredAction action{RestoredAction::status};
  bool dry_run{false};
  bool force{false};  ///< detach a database that can not be told from its original
};
int restored(const config::Config& config, const RestoredOptions& options, Output output);

int config_show(const config::Config& config, Output output);
int config_check(const config::Config& config, Output output);

int keygen();

struct WorkspaceOptions {
  std::string org;
  bool platform{false};
};
/// The key comes from standard input: it is never an argument.
int workspace_set(const config::Config& config, const WorkspaceOptions& options, Output output);
int workspace_resume(const config::Config& config, const WorkspaceOptions& options, Output output);
int workspace_show(const config::Config& config, const WorkspaceOptions& options, Output output);

/// Prints the error for people, or as {"error": {...}}, to standard error.
int fail(const Error& error, Output output);

}  // namespace vapisync::commands
