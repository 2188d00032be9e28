// A primary that dies and a standby that takes over. Replication is asynchronous here, so the new
// primary may know less than Vapi does.
#include <gtest/gtest.h>

#include "support/convergence.hpp"
#include "support/server.hpp"

namespace vapisync::test {
namespace {

struct Failover : ::testing::Test {
  Stage stage;
  PostgresServer primary;
  std::unique_ptr<PostgresServer> standby;
  std::unique_ptr<Process> daemon;

  void SetUp() override {
    primary.migrate();
    standby = std::make_unique<PostgresServer>(primary);
    daemon = stage.start_daemon({"database.url=" + failover_url(primary, *standby)});
  }
  void await_replicated() const {
    const auto position = primary.sql("SELECT pg_current_wal_insert_lsn()");
    await_sql(standby->url(), "SELECT pg_last_wal_replay_lsn() >= '" + position + "'::pg_lsn", "t");
  }
  /// From here on the standby learns nothing more.
  void stop_replication() const {
    await_replicated();
    standby->sql("ALTER SYSTEM SET primary_conninfo = ''");
    standby->sql("SELECT pg_reload_conf()");
    await_sql(standby->url(), "SELECT count(*) FROM pg_stat_wal_receiver", "0");
  }
  void fail_over() {
    primary.kill();
    standby->promote();
  }
};

TEST_F(Failover, TheDaemonFollowsAndLooksAtEverythingAgain) {
  for (int org = 0; org < 20; ++org) {
    primary.sql(save_agents("org" + std::to_string(org), "r1", R"({"inbound":{"name":"Desk"}})"));
  }
  expect_equal(primary.url(), stage.sandbox);
  await_replicated();
  const int gets = stage.sandbox.requests("GET");
  fail_over();
  daemon->await("db.came_back");
  daemon->await("db.resync_done");
  expect_equal(standby->url(), stage.sandbox);
  EXPECT_EQ(stage.sandbox.requests("POST"), 20);
  EXPECT_EQ(stage.sandbox.requests("PATCH"), 0);
  EXPECT_GE(stage.sandbox.requests("GET") - gets, 20);
  EXPECT_EQ(standby->sql("SELECT timeline FROM vapisync.meta"), "2");
  standby->sql(save_agents("acme", "r2", R"({"inbound":{"name":"Desk"}})"));
  daemon->await("sync.synced", of_request("r2"));
  expect_equal(standby->url(), stage.sandbox);
}

TEST_F(Failover, UnderACallNoOutcomeIsLost) {
  stage.sandbox.set_faults(R"([{"match":{"method":"POST"},"delay":{"ms":300}}])");
  primary.sql(save_agents("acme", "r1", R"({"inbound":{"name":"Desk"}})"));
  while (stage.sandbox.requests("POST") == 0) {
  }
  await_replicated();
  fail_over();
  expect_equal(standby->url(), stage.sandbox);
  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
}

// The save reached the standby, the outcome did not: the object exists, and nobody's books say so.
TEST_F(Failover, ACreateThatOnlyTheDeadPrimaryKnewIsFoundNotRepeated) {
  stage.sandbox.set_faults(R"([{"match":{"method":"POST"},"delay":{"ms":300}}])");
  primary.sql(save_agents("acme", "r1", R"({"inbound":{"name":"Desk"}})"));
  while (stage.sandbox.requests("POST") == 0) {
  }
  stop_replication();
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(standby->sql("SELECT count(remote_id) FROM vapisync.resources"), "0");
  fail_over();
  daemon->await("sync.adopted", of_request("r1"));
  expect_equal(standby->url(), stage.sandbox);
  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
}

// An edit that was confirmed and then lost with the primary: what the database wants now is older.
TEST_F(Failover, AnEditThatWasLostWithThePrimaryIsUndoneInVapi) {
  primary.sql(save_agents("acme", "r1", R"({"inbound":{"firstMessage":"one"}})"));
  daemon->await("sync.synced", of_request("r1"));
  stop_replication();
  primary.sql(save_agents("acme", "r2", R"({"inbound":{"firstMessage":"two"}})"));
  daemon->await("sync.synced", of_request("r2"));
  fail_over();
  daemon->await("db.resync_done");
  expect_equal(standby->url(), stage.sandbox);
  EXPECT_EQ(standby->sql("SELECT first_message FROM vapisync.agents_live"), "one");
}

TEST_F(Failover, TheOldPrimaryThatComesBackIsNotWrittenTo) {
  primary.sql(save_agents("acme", "r1", R"({"inbound":{"name":"Desk"}})"));
  daemon->await("sync.synced", of_request("r1"));
  await_replicated();
  fail_over();
  daemon->await("db.came_back");
  await_sql(standby->url(), "SELECT count(*) FROM vapisync.resync", "0");
  standby->kill();
  primary.start();
  const auto refused = daemon->await("db.refused");
  EXPECT_EQ(json::text_or(refused, "code", ""), "stale_server");
  primary.kill();
  standby->start();
  standby->sql(save_agents("acme", "r2", R"({"inbound":{"name":"Front desk"}})"));
  daemon->await("sync.synced", of_request("r2"));
  expect_equal(standby->url(), stage.sandbox);
}

TEST_F(Failover, AStandbyAloneIsNamedAsSuch) {
  const auto other = stage.launch_daemon({"database.url=" + standby->url("app_daemon")});
  const auto waiting = other->await("serve.waiting");
  EXPECT_EQ(json::text_or(waiting, "code", ""), "read_only");
  standby->promote();
  other->await("serve.ready");
}

}  // namespace
}  // namespace vapisync::test
