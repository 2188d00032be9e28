#pragma once
// The operator's verbs. All but doctor speak to the database only, so they work while no daemon
// runs. Exit codes as everywhere, 2 also for: not healthy, a dry run that would do something.
#include <optional>
#include <string>
#include <vector>

#include "commands.hpp"

namespace vapisync::commands {

struct NoOptions {};
int status(const config::Config& config, const NoOptions& options, Output output);
int doctor(const config::Config& config, const NoOptions& options, Output output);

struct ResourceOptions {
  std::string resource;  ///< KIND/KEY
  std::string org;
  int limit{20};
};
int why(const config::Config& config, const ResourceOptions& options, Output output);
int history(const config::Config& config, const ResourceOptions& options, Output output);

struct SaveOptions {
  std::string request_id;
  std::optional<std::string> org;
};
int saves_show(const config::Config& config, const SaveOptions& options, Output output);

/// Which entries: by their ids, or by what they are like.
struct EntryOptions {
  std::vector<std::string> ids;
  std::vector<std::string> states;
  std::optional<std::string> org;
  std::optional<std::string> kind;
  std::optional<std::string> error;
  std::optional<std::string> since;  ///< 90s, 15m, 2h, 7d
  int limit{50};
  bool all{false};
  bool only{false};
  bool force{false};
  bool dry_run{false};
  std::optional<std::string> actor;
};
int outbox_list(const config::Config& config, const EntryOptions& options, Output output);
int outbox_show(const config::Config& config, const EntryOptions& options, Output output);
int outbox_replay(const config::Config& config, const EntryOptions& options, Output output);
int outbox_discard(const config::Config& config, const EntryOptions& options, Output output);

struct RollbackOptions {
  std::string resource;
  std::string org;
  int64_t version{0};
  bool dry_run{false};
  std::optional<std::string> actor;
};
int rollback(const config::Config& config, const RollbackOptions& options, Output output);

struct OrgOptions {
  std::string org;
  std::optional<std::string> reason;
  std::optional<std::string> actor;
};
int org_pause(const config::Config& config, const OrgOptions& options, Output output);
int org_resume(const config::Config& config, const OrgOptions& options, Output output);

struct RetryOptions {
  std::optional<std::string> resource;
  std::optional<std::string> org;
  bool now{false};
  bool keys{false};
  std::optional<std::string> actor;
};
int retry(const config::Config& config, const RetryOptions& options, Output output);

struct PruneOptions {
  std::optional<int> days;
  bool dry_run{false};
};
int prune(const config::Config& config, const PruneOptions& options, Output output);

/// Who acts: as told, else USER@HOST.
std::string actor_or_me(const std::optional<std::string>& told);

}  // namespace vapisync::commands
