#include "chaos/watch.hpp"

#include <fmt/format.h>

#include <pqxx/pqxx>

#include "chaos/plan.hpp"

namespace vapisync::chaos {
namespace {

constexpr const char* watch_sql = R"(
CREATE SCHEMA chaos;
CREATE TABLE chaos.claims (token bigint PRIMARY KEY, claimant text);
CREATE TABLE chaos.sightings (what text);

CREATE FUNCTION chaos.watch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  claims boolean := TG_OP = 'UPDATE' AND NEW.token NOT IN (0, OLD.token);
  ends boolean := TG_OP = 'DELETE' OR NEW.token = 0;
  claimant text := (SELECT c.claimant FROM chaos.claims c WHERE c.token = OLD.token);
BEGIN
  IF claims THEN
    INSERT INTO chaos.claims VALUES (NEW.token, session_user) ON CONFLICT DO NOTHING;
  END IF;
  IF OLD.token = 0 OR OLD.leased_until <= now() THEN
    RETURN NULL;
  END IF;
  IF claims OR ends AND session_user <> claimant THEN
    INSERT INTO chaos.sightings VALUES (format('%s: %s %s claim %s on resource %s, which %s holds for %s more',
      clock_timestamp(), session_user, CASE WHEN claims THEN 'overtook' ELSE 'ended' END,
      OLD.token, OLD.resource_id, claimant, OLD.leased_until - now()));
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER watch AFTER UPDATE OR DELETE ON vapisync.work FOR EACH ROW EXECUTE FUNCTION chaos.watch();
)";

}  // namespace

std::string login(int daemon) {
  return fmt::format("app_daemon{}", daemon);
}

void set_watch(const test::PostgresServer& server) {
  server.sql(watch_sql);
  for (int i = 1; i <= daemons; ++i) {
    server.sql(fmt::format("CREATE ROLE {} LOGIN IN ROLE vapisync_daemon", login(i)));
  }
}

std::vector<std::string> ask_watch(const test::PostgresServer& server) {
  pqxx::connection connection(server.url());
  pqxx::nontransaction tx(connection);
  std::vector<std::string> seen;
  for (const auto& row : tx.exec("SELECT what FROM chaos.sightings"))
    seen.emplace_back(row[0].c_str());
  return seen;
}

}  // namespace vapisync::chaos
