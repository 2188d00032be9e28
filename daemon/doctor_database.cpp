#include <fmt/format.h>
#include <functional>

#include <pqxx/pqxx>

#include "admin_command.hpp"
#include "base/clock.hpp"
#include "db/connection.hpp"
#include "db/conninfo.hpp"
#include "db/session.hpp"
#include "doctor.hpp"

namespace vapisync::doctor {
namespace {

constexpr long listen_patience_seconds = 5;
constexpr Milliseconds skew_max{5'000};

std::string value(pqxx::connection& connection, const char* question) {
  pqxx::nontransaction tx(connection);
  return tx.exec1(question)[0].as<std::string>("");
}

void look_at_server(pqxx::connection& connection, Findings& findings) {
  ok(findings, "database", "Postgres " + value(connection, "SHOW server_version") + " answers");
  if (value(connection, "SELECT pg_is_in_recovery()") == "t") {
    problem(findings, "database", "this server is a standby and takes no writes",
            "name all servers in database.url and add target_session_attrs=read-write");
  }
  if (value(connection, "SHOW fsync") == "off" ||
      value(connection, "SHOW synchronous_commit") == "off") {
    warn(findings, "database",
         "a crash of the server may lose commits: fsync or "
         "synchronous_commit is off",
         "turn both on for the server and its roles");
  }
}

void look_at_identity(pqxx::connection& connection, Findings& findings) {
  const auto identity = value(connection, "SELECT vapisync.identity()");
  if (identity == "other_database") {
    return problem(findings, "identity", "this database was restored elsewhere or copied",
                   "vapisync restored");
  }
  ok(findings, "identity",
     identity == "same" ? "the database that vapisync worked with last"
                        : "it went on from an earlier moment; the daemon follows by itself");
}

void look_at_way(pqxx::connection& connection, Findings& findings) {
  if (!db::is_pooled(connection)) return ok(findings, "connection", "direct");
  const auto missing = db::missing_plan_settings(connection);
  if (missing.empty()) return ok(findings, "connection", "through a pooler; plan settings are set");
  warn(findings, "connection", "through a pooler, and plan settings of the role are missing",
       "as an administrator: " + missing);
}

class Heard final : public pqxx::notification_receiver {
 public:
  explicit Heard(pqxx::connection& connection)
      : pqxx::notification_receiver(connection, "vapisync") {}
  void operator()(const std::string&, int) override { heard = true; }
  bool heard{false};
};

/// Rings as a save would; a daemon that hears it looks at the queue, which does no harm.
void look_at_bell(const config::Config& config, pqxx::connection& connection, Findings& findings) {
  pqxx::connection listener(db::with_timeouts(config.database.listen_url).reveal());
  constexpr std::string_view polls = "until then the daemon polls every quarter of a second";
  if (db::is_pooled(listener)) {
    return warn(findings, "listen", "a pooler does not pass notifications on",
                fmt::format("set database.listen_url to Postgres itself; {}", polls));
  }
  Heard bell(listener);
  value(connection, "SELECT pg_notify('vapisync', '')::text");
  if (!bell.heard) listener.await_notification(listen_patience_seconds, 0);
  if (!bell.heard) {
    return problem(findings, "listen", "a notification was sent and not heard",
                   fmt::format("is database.listen_url the same database? {}", polls));
  }
  ok(findings, "listen", "a notification was heard");
  const auto trigger = value(connection,
                             "SELECT coalesce((SELECT tgenabled <> 'D' FROM pg_trigger WHERE tgname"
                             " = 'ring' AND tgrelid = 'vapisync.outbox'::regclass), false)");
  if (trigger == "t") return ok(findings, "doorbell", "saves ring it");
  problem(findings, "doorbell", "the trigger that rings it is missing or disabled",
          "ALTER TABLE vapisync.outbox ENABLE TRIGGER ring");
}

void look_at_clock(pqxx::connection& connection, Findings& findings) {
  const auto before = wall_clock();
  const auto there = std::stoll(
      value(connection, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"));
  const auto here = (before + wall_clock()) / 2;
  const auto skew = Milliseconds{there} - here;
  const auto text = fmt::format("the database's clock is {} ms {} this host's",
                                std::abs(skew.count()), skew.count() < 0 ? "behind" : "ahead of");
  if (std::chrono::abs(skew) <= skew_max) return ok(findings, "clock", text);
  warn(findings, "clock", text, "synchronise both: log lines and rows tell different times");
}

void look_at_consistency(const config::Config& config, pqxx::connection& connection,
                         Findings& findings) {
  const auto counts = commands::admin_store(connection, config).consistency();
  if (!counts) return problem(findings, "ids", counts.error().message, "repeat it");
  constexpr std::pair<const char*, const char*> rules[] = {
      {"liveWithoutId", "live, but without the id of their object"},
      {"idWithoutAccount", "with an id, but without the account it is in"},
      {"otherIdInView", "shown with another id by vapisync.agents"},
      {"forgottenByQueue", "pending, but not in the queue"},
      {"withoutDocument", "whose wanted document is missing"}};
  bool sound = true;
  for (const auto& [name, meaning] : rules) {
    const auto count = json::int_or(*counts, name, 0);
    if (count == 0) continue;
    sound = false;
    problem(findings, "ids", fmt::format("{} resources are {}", count, meaning),
            "this is a defect: keep a backup, and see vapisync retry --now and restored --resync");
  }
  if (sound) {
    ok(findings, "ids",
       fmt::format("{} resources: stored once, views and queue agree",
                   json::int_or(*counts, "resources", 0)));
  }
}

void look_at_daemons(pqxx::connection& connection, Findings& findings) {
  const auto alive = value(connection,
                           "SELECT count(*) FROM vapisync.daemons"
                           " WHERE seen_at > now() - interval '15 seconds'");
  if (alive == "0") {
    return warn(findings, "daemon", "none has been seen for 15 seconds", "start vapisync serve");
  }
  ok(findings, "daemon", alive + " alive");
}

std::vector<StoredKey> stored_keys(pqxx::connection& connection) {
  pqxx::nontransaction tx(connection);
  std::vector<StoredKey> keys;
  for (const auto& row :
       tx.exec("SELECT credential_id, platform, fingerprint, base_url, coalesce(key_sealed, '')"
               " FROM vapisync.used_credentials(true)"
               " ORDER BY platform DESC, state DESC, credential_id LIMIT 10")) {
    keys.push_back({row[0].as<int64_t>(), row[1].as<bool>(), row[2].as<std::string>(),
                    row[3].as<std::string>(), row[4].as<std::string>()});
  }
  return keys;
}

/// What one check throws is its finding, and does not keep the others from being made.
void guarded(Findings& findings, const char* check, const std::function<void()>& look) {
  try {
    look();
  } catch (const std::exception& thrown) {
    problem(findings, check, db::to_error(thrown).message, "see the message");
  }
}

void look_with(const config::Config& config, pqxx::connection& connection, Findings& findings,
               std::vector<StoredKey>& keys) {
  look_at_server(connection, findings);
  const auto usable = db::check_schema(connection);
  if (!usable) {
    return problem(findings, "schema", usable.error().message, "vapisync migrate status");
  }
  ok(findings, "schema", "this binary's");
  guarded(findings, "identity", [&] { look_at_identity(connection, findings); });
  guarded(findings, "connection", [&] { look_at_way(connection, findings); });
  guarded(findings, "listen", [&] { look_at_bell(config, connection, findings); });
  guarded(findings, "clock", [&] { look_at_clock(connection, findings); });
  guarded(findings, "ids", [&] { look_at_consistency(config, connection, findings); });
  guarded(findings, "daemon", [&] { look_at_daemons(connection, findings); });
  guarded(findings, "key", [&] { keys = stored_keys(connection); });
}

}  // namespace

std::vector<StoredKey> look_at_database(const config::Config& config, Findings& findings) {
  std::vector<StoredKey> keys;
  if (config.database.url.empty()) {
    problem(findings, "database", "database.url is not set", "set it in the configuration");
    return keys;
  }
  guarded(findings, "database", [&] {
    pqxx::connection connection(db::with_timeouts(config.database.url).reveal());
    look_with(config, connection, findings, keys);
  });
  return keys;
}

}  // namespace vapisync::doctor
