#pragma once
// What an operator asks of the database, and has it do, whether a daemon runs or not. Every answer
// is the JSON that a command prints with --json; its texts are in sql/ops, the functions that write
// in sql/functions/76 to 82. Blocking; for commands.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pqxx/connection>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace vapisync::db {

/// RESOURCE_ID.VERSION
struct EntryId {
  int64_t resource_id{0};
  int64_t version{0};
};
Result<EntryId> parse_entry_id(const std::string& text);

/// KIND/KEY of an org.
struct ResourceName {
  std::string org;
  std::string kind;
  std::string key;
};
Result<ResourceName> parse_resource_name(const std::string& org, const std::string& text);

/// What is not given fits everything.
struct EntryFilter {
  std::vector<std::string> states;  ///< none: what needs somebody
  std::optional<std::string> org;
  std::optional<std::string> kind;
  std::optional<std::string> error;  ///< a part of it
  std::optional<int64_t> since_seconds;
  int limit{50};
};

struct ResourceFilter {
  std::optional<std::string> org;
  std::optional<std::string> kind;
  std::optional<std::string> key;
};

/// Of an act that writes: who does it, and whether it is only to be told what it would do.
struct Act {
  std::string actor;
  bool dry_run{false};
};

struct AdminOptions {
  bool platform_for_all{false};  ///< orgs without a key use the platform's
  /// How long an act waits for a resource that an application holds.
  Milliseconds lock_timeout{10'000};
};

class AdminStore {
 public:
  using Answer = Result<json::Document>;

  AdminStore(pqxx::connection& connection, AdminOptions options)
      : connection_(connection), options_(options) {}

  Answer status(std::chrono::seconds overdue_after);
  Answer horizon();
  Answer entries(const EntryFilter& filter);
  /// Null when there is none.
  Answer entry(EntryId id);
  Answer saves(const std::string& request_id, const std::optional<std::string>& org);
  Answer why(const ResourceName& name, Milliseconds open_window);
  Answer history(const ResourceName& name, int limit);
  Answer consistency();

  Answer replay(EntryId id, bool only_entry, bool force, const Act& act);
  Answer discard(EntryId id, const Act& act);
  Answer roll_back(const ResourceName& name, int64_t version, const Act& act);
  Answer pause(const std::string& org, bool paused, const std::optional<std::string>& reason,
               const Act& act);
  /// Found, touched.
  Answer retry(const ResourceFilter& filter, const Act& act);
  Answer end_pauses(const std::optional<std::string>& org, const Act& act);
  /// Entries, attempts, saves.
  Answer prune(int retention_days, const Act& act);

 private:
  template <class... Args>
  Answer ask(const std::string& text, const Args&... args);

  pqxx::connection& connection_;
  AdminOptions options_;
};

}  // namespace vapisync::db
