#include "db/session.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "db/migrator.hpp"
#include "db/pqxx_errors.hpp"

namespace vapisync::db {
namespace {

struct Setting {
  const char* name;
  const char* value;
};

/// The daemon's statements are many rows at a time by index; what the planner would choose after it
/// saw an empty queue costs a hundred times more.
constexpr Setting settings[] = {{"plan_cache_mode", "force_generic_plan"},
                                {"enable_seqscan", "off"},
                                {"enable_bitmapscan", "off"},
                                {"enable_hashjoin", "off"},
                                {"enable_mergejoin", "off"},
                                {"enable_memoize", "off"},
                                {"jit", "off"},
                                {"statement_timeout", "30s"},
                                {"idle_in_transaction_session_timeout", "30s"}};

/// Nothing may be sent to Vapi for a claim, or a save, that a crash of the server could undo.
constexpr const char* durable_commits =
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'";

Error read_only() {
  return make_error(Verdict::retry, "read_only",
                    "this server is a standby and accepts no writes: name all servers in "
                    "database.url and add target_session_attrs=read-write");
}

Error other_database() {
  return make_error(
      Verdict::retry, "other_database",
      "this database was restored elsewhere or copied, so nothing is sent from it: run `vapisync "
      "restored --resync` if it takes the place of the original, or `vapisync restored --detach` "
      "if it is a copy with a Vapi account of its own");
}

Error stale_server(int timeline, int seen) {
  return make_error(Verdict::retry, "stale_server",
                    fmt::format("this server is on timeline {}, the daemon was on {}: it was left "
                                "behind by a failover and must not be written to",
                                timeline, seen));
}

Error detached() {
  return make_error(Verdict::fatal, "detached",
                    "the database was detached from its remote objects while this daemon ran: the "
                    "daemon ends, start it again");
}

bool is_standby(Connection& connection) {
  pqxx::nontransaction tx(connection);
  return tx.exec1("SELECT pg_is_in_recovery()")[0].as<bool>();
}

}  // namespace

std::string missing_plan_settings(pqxx::connection& connection) {
  pqxx::nontransaction tx(connection);
  const auto user = tx.quote_name(tx.exec1("SELECT current_user")[0].as<std::string>());
  const auto now = [&tx](const char* name) {
    return tx.exec1(fmt::format("SHOW {}", name))[0].as<std::string>();
  };
  std::string missing;
  const auto add = [&missing, &user](const char* name, const char* value) {
    missing += fmt::format("{}ALTER ROLE {} SET {} = '{}';", missing.empty() ? "" : " ", user, name,
                           value);
  };
  for (const auto& setting : settings) {
    if (now(setting.name) != setting.value) add(setting.name, setting.value);
  }
  if (now("synchronous_commit") == "off") add("synchronous_commit", "on");
  return missing;
}

void prepare_engine(Connection& connection) {
  if (!connection.direct()) return;
  std::string statements;
  for (const auto& setting : settings) {
    statements += fmt::format("SET {} = '{}';", setting.name, setting.value);
  }
  pqxx::nontransaction(connection).exec(statements + durable_commits);
  connection.prepare_statements();
}

void Admission::admit(Connection& connection) {
  prepare_engine(connection);
  if (is_standby(connection)) refuse(read_only());
  if (auto checked = check_schema(connection); !checked) refuse(checked.error());
  check_identity(connection);
  advise(connection);
}

void Admission::check_identity(Connection& connection) {
  pqxx::nontransaction tx(connection);
  const auto found =
      tx.exec1("SELECT identity, timeline, installation_id, resynced FROM vapisync.admit()");
  if (found[0].as<std::string>() == "other_database") refuse(other_database());
  const int timeline = found[1].as<int>();
  const auto installation = found[2].as<std::string>();
  if (!found[3].is_null()) {
    log::warning("db.came_back",
                 {{"timeline", timeline},
                  {"resources", found[3].as<std::string>()},
                  {"hint", "a failover or a restore: every resource is looked at again"}});
  }
  std::unique_lock lock(mutex_);
  const int seen = timeline_;
  const bool ours = installation_.empty() || installation_ == installation;
  if (ours && timeline >= seen) {
    installation_ = installation;
    timeline_ = timeline;
    told_.clear();
    return;
  }
  lock.unlock();
  if (ours) refuse(stale_server(timeline, seen));
  detached_(detached());
  refuse(detached());
}

/// Says once, not at every connection, what a pooler makes the operator's business.
void Admission::advise(Connection& connection) {
  if (connection.direct()) return;
  {
    const std::lock_guard lock(mutex_);
    if (advised_) return;
    advised_ = true;
  }
  log::info("db.pooled", {{"hint", "a pooler was found: statements go without names"}});
  const auto missing = missing_plan_settings(connection);
  if (missing.empty()) return;
  log::warning("db.plan_settings_missing",
               {{"hint",
                 "through a pooler the plan settings belong to the role, else a long queue "
                 "becomes slow; as an administrator run: " +
                     missing}});
}

/// Before the first admission the daemon itself says why it waits.
void Admission::refuse(Error why) {
  {
    const std::lock_guard lock(mutex_);
    if (!installation_.empty() && told_ != why.code && !connection_lost(why)) {
      told_ = why.code;
      log::failure(log::Level::error, "db.refused", why, "nothing is sent until then");
    }
  }
  throw Refused(std::move(why));
}

}  // namespace vapisync::db
