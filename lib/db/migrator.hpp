#pragma once
// Brings a database to the schema that this binary was built with, and says how far it is.
// Every function blocks, uses the caller's connection outside of any transaction, and may be called
// from several processes at once. On failure the database is as it was before.
#include <string>
#include <vector>

#include <pqxx/connection>

#include "base/error.hpp"

namespace vapisync::db {

struct MigrationStatus {
  int schema_version{0};  ///< of the database; 0: there is no schema yet
  int binary_version{0};  ///< the schema version that this binary brings
  int min_binary{0};      ///< the lowest binary_version that the database still accepts
  std::vector<std::string> applied;
  std::vector<std::string> pending;  ///< what `migrate up` would run, in its order
  bool functions_current{false};     ///< functions, views and grants are those of this binary

  bool current() const { return pending.empty() && schema_version >= binary_version; }
};

Result<MigrationStatus> migration_status(pqxx::connection& connection);

/// Idempotent; returns the status from before, whose `pending` is what was run.
/// Fails with `schema_too_new` on a schema that this binary does not know, and with
/// `migration_changed` when an applied migration is not the one in this binary.
Result<MigrationStatus> migrate_up(pqxx::connection& connection);

/// The same as a script for psql, for people who review what they run; idempotent too.
std::string migration_sql();

/// Whether a daemon may work with this database; the message says what to do if not.
Result<void> check_schema(pqxx::connection& connection);

}  // namespace vapisync::db
