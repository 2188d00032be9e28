#include "db/migrator.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include <pqxx/pqxx>

#include "base/json.hpp"
#include "db/embedded_sql.hpp"
#include "db/pqxx_errors.hpp"

namespace vapisync::db {
namespace {

// Any constant will do: it is the same for everybody who migrates this database.
constexpr const char* take_lock = "SELECT pg_advisory_xact_lock(8317450172994561)";
constexpr const char* quiet = "SET LOCAL client_min_messages = warning";
// A table lock that does not come must not make everybody else queue behind us.
constexpr const char* impatient = "SET LOCAL lock_timeout = '10s'";

struct Step {
  std::string name;
  std::string_view text;
  std::string checksum;
  int version{0};  // 0: repeatable
};

int version_of(std::string_view name) {
  int version = 0;
  std::from_chars(name.data(), name.data() + name.size(), version);
  return version;
}

std::vector<Step> all_steps() {
  std::vector<Step> steps;
  const auto add = [&](std::string name, std::string_view text, int version) {
    steps.push_back({std::move(name), text, json::sha256_hex(text), version});
  };
  for (const auto& file : sql::schema()) {
    add("schema/" + std::string(file.name), file.text, version_of(file.name));
  }
  for (const auto& file : sql::functions()) {
    add("functions/" + std::string(file.name), file.text, 0);
  }
  add("grants", sql::grants(), 0);
  return steps;
}

int newest_version() {
  const auto files = sql::schema();
  return files.empty() ? 0 : version_of(files.back().name);
}

struct State {
  std::map<std::string, std::string> checksums;
  MigrationStatus status;
};

bool has_schema(pqxx::transaction_base& tx) {
  return tx.exec("SELECT to_regclass('vapisync.meta') IS NOT NULL")[0][0].as<bool>();
}

State read_state(pqxx::transaction_base& tx) {
  State state;
  auto& status = state.status;
  status.binary_version = newest_version();
  if (has_schema(tx)) {
    const auto meta = tx.exec1("SELECT schema_version, min_binary FROM vapisync.meta");
    status.schema_version = meta[0].as<int>();
    status.min_binary = meta[1].as<int>();
    const auto rows =
        tx.exec("SELECT name, checksum FROM vapisync.migrations ORDER BY applied_at, name");
    for (const auto& row : rows) {
      status.applied.push_back(row[0].as<std::string>());
      state.checksums.emplace(row[0].as<std::string>(), row[1].as<std::string>());
    }
  }
  status.functions_current = true;
  for (const auto& step : all_steps()) {
    const auto known = state.checksums.find(step.name);
    const bool applied =
        known != state.checksums.end() && (step.version > 0 || known->second == step.checksum);
    if (applied) continue;
    status.pending.push_back(step.name);
    if (step.version == 0) status.functions_current = false;
  }
  return state;
}

Error too_new(const MigrationStatus& status) {
  return make_error(Verdict::invalid, "schema_too_new",
                    "the database has schema version " + std::to_string(status.schema_version) +
                        ", this binary knows " + std::to_string(status.binary_version) +
                        " at most: install a newer vapisync");
}

/// 0001 is idempotent by contract and begins every run, so its text may grow. It ends as the owner.
bool is_prelude(const Step& step) {
  return step.version == 1;
}

const Step* find_changed(const std::vector<Step>& steps, const State& state) {
  const auto found = std::find_if(steps.begin(), steps.end(), [&](const Step& step) {
    if (step.version == 0 || is_prelude(step)) return false;
    const auto known = state.checksums.find(step.name);
    return known != state.checksums.end() && known->second != step.checksum;
  });
  return found == steps.end() ? nullptr : &*found;
}

std::string note(const Step& step, const std::string& quoted_name) {
  return "INSERT INTO vapisync.migrations (name, checksum) VALUES (" + quoted_name + ", '" +
         step.checksum +
         "') ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = "
         "clock_timestamp() WHERE migrations.checksum <> excluded.checksum";
}

std::string set_version(int version) {
  return "UPDATE vapisync.meta SET schema_version = " + std::to_string(version) +
         " WHERE schema_version < " + std::to_string(version);
}

bool is_pending(const MigrationStatus& status, const Step& step) {
  return std::find(status.pending.begin(), status.pending.end(), step.name) != status.pending.end();
}

void run(pqxx::transaction_base& tx, const std::vector<Step>& steps,
         const MigrationStatus& before) {
  for (const auto& step : steps) {
    // Functions may build on each other, so all of them run when one has changed.
    const bool due = is_prelude(step) || step.name == "grants" ||
                     (step.version > 0 ? is_pending(before, step) : !before.functions_current);
    if (!due) continue;
    if (!is_prelude(step)) tx.exec(std::string(step.text));
    tx.exec(note(step, tx.quote(step.name)));
  }
  tx.exec(set_version(newest_version()));
}

}  // namespace

Result<MigrationStatus> migration_status(pqxx::connection& connection) try {
  pqxx::read_transaction tx(connection);
  return read_state(tx).status;
} catch (const std::exception& error) {
  return to_error(error);
}

Result<MigrationStatus> migrate_up(pqxx::connection& connection) try {
  const auto steps = all_steps();
  pqxx::work tx(connection);
  tx.exec(quiet);
  tx.exec(take_lock);
  tx.exec(impatient);
  // Only the schema's own roles may look into it, so the prelude comes first.
  tx.exec(std::string(steps.front().text));
  const auto state = read_state(tx);
  if (state.status.schema_version > state.status.binary_version) return too_new(state.status);
  if (const auto* changed = find_changed(steps, state)) {
    return make_error(Verdict::invalid, "migration_changed",
                      changed->name +
                          " was applied to this database with another content: use the "
                          "release that it was migrated with, or a newer one");
  }
  run(tx, steps, state.status);
  tx.commit();
  return state.status;
} catch (const std::exception& error) {
  return to_error(error);
}

std::string migration_sql() {
  const auto newest = std::to_string(newest_version());
  std::string script =
      "-- For psql:  vapisync migrate sql | psql -v ON_ERROR_STOP=1 URL\n"
      "\\set ON_ERROR_STOP on\nBEGIN;\n";
  for (const char* line : {quiet, take_lock, impatient}) script += std::string(line) + ";\n";
  for (const auto& step : all_steps()) {
    const bool once = step.version > 0 && !is_prelude(step);
    script += "\n-- " + step.name + "\n";
    if (once) {
      script += "SELECT NOT EXISTS (SELECT FROM vapisync.migrations WHERE name = '" + step.name +
                "') AS due \\gset\n\\if :due\n";
    }
    script += std::string(step.text) + "\n";
    script += note(step, "'" + step.name + "'") + ";\n";
    if (once) script += "\\endif\n";
    if (step.version == 2) {
      script += "DO $$ BEGIN IF (SELECT schema_version FROM vapisync.meta) > " + newest +
                " THEN RAISE EXCEPTION 'this database needs a newer vapisync'; END IF; END $$;\n";
    }
  }
  return script + "\n" + set_version(newest_version()) + ";\nCOMMIT;\n";
}

Result<void> check_schema(pqxx::connection& connection) try {
  pqxx::read_transaction tx(connection);
  const auto schema = tx.exec1(
      "SELECT to_regnamespace('vapisync') IS NOT NULL,"
      " coalesce(has_schema_privilege(to_regnamespace('vapisync')::oid, 'USAGE'), false)"
      "   AND pg_has_role((SELECT oid FROM pg_roles WHERE rolname = 'vapisync_daemon'), 'USAGE'),"
      " current_user");
  if (!schema[0].as<bool>()) {
    return make_error(Verdict::retry, "no_schema",
                      "the database has no vapisync schema: run `vapisync migrate up`");
  }
  if (!schema[1].as<bool>()) {
    const auto user = schema[2].as<std::string>();
    return make_error(Verdict::retry, "no_access",
                      "the database user " + user +
                          " may not use the vapisync schema: run `GRANT vapisync_daemon TO " +
                          tx.quote_name(user) + "` as an administrator");
  }
  if (!has_schema(tx)) {
    return make_error(Verdict::retry, "no_schema",
                      "the database has no vapisync schema: run `vapisync migrate up`");
  }
  const auto status = read_state(tx).status;
  if (status.min_binary > status.binary_version) return too_new(status);
  if (status.schema_version < status.binary_version) {
    return make_error(Verdict::retry, "schema_too_old",
                      "schema version " + std::to_string(status.schema_version) +
                          " is older than this binary needs (" +
                          std::to_string(status.binary_version) + "): run `vapisync migrate up`");
  }
  return {};
} catch (const std::exception& error) {
  return to_error(error);
}

}  // namespace vapisync::db
