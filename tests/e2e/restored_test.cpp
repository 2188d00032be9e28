// Copies and backups of the database: nothing is sent from one before an operator has said what it
// is.
#include <csignal>
#include <gtest/gtest.h>

#include "support/convergence.hpp"
#include "support/server.hpp"

namespace vapisync::test {
namespace {

struct Restored : ::testing::Test {
  Stage stage;
  PostgresServer server;
  std::unique_ptr<PostgresServer> other;

  void SetUp() override { server.migrate(); }

  std::unique_ptr<Process> start_daemon(const std::string& url) {
    return stage.start_daemon({"database.url=" + url});
  }
  void save_and_sync(Process& daemon, const std::string& request, const std::string& agents) {
    server.sql(save_agents("acme", request, agents));
    daemon.await("sync.synced", of_request(request));
  }
  /// What an operator does with a backup: pg_dump here, psql on another server.
  void dump_to_file() {
    const Ran dumped = run_program({"/usr/bin/pg_dump", "--file=" + file(), server.url()});
    ASSERT_EQ(dumped.exit_code, 0) << dumped.err;
  }
  void restore_on_another_server() {
    other = std::make_unique<PostgresServer>();
    other->sql(
        "CREATE ROLE vapisync_owner NOLOGIN; CREATE ROLE vapisync_writer NOLOGIN;"
        "CREATE ROLE vapisync_daemon NOLOGIN IN ROLE vapisync_writer;"
        "CREATE ROLE app_daemon LOGIN IN ROLE vapisync_daemon");
    const Ran restored = run_program(
        {"/usr/bin/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file(), other->url()});
    ASSERT_EQ(restored.exit_code, 0) << restored.err;
  }
  Ran restored(const std::string& url, std::vector<std::string> flags = {}) {
    std::vector<std::string> arguments{VAPISYNC_BINARY, "restored", "--set", "database.url=" + url};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return run_program(arguments);
  }
  std::unique_ptr<pqxx::connection> other_connection() const {
    return std::make_unique<pqxx::connection>(other->url());
  }
  std::string file() const { return server.directory() + "/backup.sql"; }
};

TEST_F(Restored, ABackupOnAnotherServerSendsNothingUntilItIsResynced) {
  auto daemon = start_daemon(server.url("app_daemon"));
  save_and_sync(*daemon, "r1", R"({"inbound":{"firstMessage":"one"}})");
  // In the backup outbound is saved and has no object yet; soon after it has one.
  daemon->signal(SIGTERM);
  daemon->wait();
  server.sql(save_agents("acme", "r2", R"({"outbound":{"firstMessage":"new"}})"));
  dump_to_file();
  daemon = start_daemon(server.url("app_daemon"));
  daemon->await("sync.synced", of_request("r2"));
  save_and_sync(*daemon, "r3", R"({"inbound":{"firstMessage":"two"}})");
  daemon->signal(SIGTERM);
  daemon->wait();
  restore_on_another_server();

  const int sent = stage.sandbox.requests("PATCH") + stage.sandbox.requests("POST");
  daemon = stage.launch_daemon({"database.url=" + other->url("app_daemon")});
  const auto waiting = daemon->await("serve.waiting");
  EXPECT_EQ(json::text_or(waiting, "code", ""), "other_database");
  EXPECT_NE(json::text_or(waiting, "message", "").find("vapisync restored --resync"),
            std::string_view::npos);
  EXPECT_EQ(restored(other->url("app_daemon")).exit_code, 2);
  const Ran dry = restored(other->url("app_daemon"), {"--resync", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 2) << dry.err;
  EXPECT_NE(dry.out.find("2 resources would be"), std::string::npos) << dry.out;
  EXPECT_EQ(stage.sandbox.requests("PATCH") + stage.sandbox.requests("POST"), sent);

  const Ran done = restored(other->url("app_daemon"), {"--resync"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  daemon->await("serve.ready");
  daemon->await("db.resync_done");
  expect_equal(other->url(), stage.sandbox);
  EXPECT_EQ(stage.sandbox.requests("POST"), 2);
  EXPECT_EQ(restored(other->url("app_daemon")).exit_code, 0);
}

TEST_F(Restored, WhatWasMadeAfterTheBackupIsListedAndLeftAlone) {
  auto daemon = start_daemon(server.url("app_daemon"));
  save_and_sync(*daemon, "r1", R"({"inbound":{"firstMessage":"one"}})");
  dump_to_file();
  save_and_sync(*daemon, "r2", R"({"outbound":{"firstMessage":"new"}})");
  const auto made = server.sql("SELECT remote_id FROM vapisync.resources WHERE key = 'outbound'");
  daemon->signal(SIGTERM);
  daemon->wait();
  restore_on_another_server();
  ASSERT_EQ(restored(other->url("app_daemon"), {"--resync"}).exit_code, 0);
  daemon = start_daemon(other->url("app_daemon"));
  daemon->await("inventory.done");
  EXPECT_EQ(value(*other_connection(),
                  "SELECT remote_id || ' ' || reason || ' ' || (due_at IS NULL)"
                  " FROM vapisync.leftovers"),
            made + " after_backup true");
  EXPECT_EQ(stage.sandbox.assistants(), 2);
}

TEST_F(Restored, ACopyIsDetachedAndLeavesTheObjectsOfItsOriginalAlone) {
  auto daemon = start_daemon(server.url("app_daemon"));
  save_and_sync(*daemon, "r1", R"({"inbound":{"firstMessage":"one"},"outbound":{}})");
  // A copy within the same server: only the number of the database tells.
  server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app_daemon'");
  daemon->signal(SIGTERM);
  daemon->wait();
  pqxx::connection admin(server.url("postgres", "template1"));
  value(admin, "CREATE DATABASE staging TEMPLATE postgres");
  const std::string copy = server.url("app_daemon", "staging");
  pqxx::connection copied(server.url("postgres", "staging"));

  SandboxProcess staging;
  daemon = stage.launch_daemon({"database.url=" + copy, "vapi.base_url=" + staging.url()});
  EXPECT_EQ(json::text_or(daemon->await("serve.waiting"), "code", ""), "other_database");
  const Ran dry = restored(copy, {"--detach", "--dry-run", "--json"});
  EXPECT_EQ(dry.exit_code, 2);
  EXPECT_NE(dry.out.find("\"withId\": 2"), std::string::npos) << dry.out;
  const Ran done = restored(copy, {"--detach", "--json"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_NE(done.out.find("\"forgotten\": 2"), std::string::npos) << done.out;
  daemon->await("serve.ready");
  EXPECT_EQ(value(copied, "SELECT count(credential_id) FROM vapisync.orgs"), "0");
  expect_equal(server.url("postgres", "staging"), staging);
  EXPECT_EQ(staging.assistants(), 2);

  const auto original = start_daemon(server.url("app_daemon"));
  save_and_sync(*original, "r2", R"({"inbound":{"firstMessage":"two"}})");
  expect_equal(server.url(), stage.sandbox);
  EXPECT_NE(server.sql("SELECT installation_id FROM vapisync.meta"),
            value(copied, "SELECT installation_id FROM vapisync.meta"));
}

TEST_F(Restored, TheOriginalIsNotDetachedByMistake) {
  const auto daemon = start_daemon(server.url("app_daemon"));
  save_and_sync(*daemon, "r1", R"({"inbound":{"firstMessage":"one"}})");
  const Ran ran = restored(server.url("app_daemon"), {"--detach", "--json"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.err.find("same_database"), std::string::npos) << ran.err;
  EXPECT_NE(restored(server.url("app_daemon"), {"--detach", "--resync"}).exit_code, 0);
  EXPECT_EQ(stage.sandbox.assistants(), 1);
  expect_equal(server.url(), stage.sandbox);
}

TEST_F(Restored, ADaemonWhoseDatabaseIsDetachedEndsToStartAgain) {
  const auto daemon = start_daemon(server.url("app_daemon"));
  save_and_sync(*daemon, "r1", R"({"inbound":{"firstMessage":"one"}})");
  EXPECT_EQ(restored(server.url("app_daemon"), {"--detach", "--force"}).exit_code, 0);
  server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app_daemon'");
  daemon->await("serve.detached");
  EXPECT_EQ(daemon->wait(), 1);
}

TEST_F(Restored, AResyncOfARunningSystemMendsWhatOthersChanged) {
  const auto daemon = start_daemon(server.url("app_daemon"));
  save_and_sync(*daemon, "r1", R"({"inbound":{"firstMessage":"one"},"outbound":{}})");
  const auto id = server.sql("SELECT remote_id FROM vapisync.resources WHERE key = 'inbound'");
  stage.sandbox.edit(id, R"({"firstMessage":"from the dashboard"})");
  const auto outbound =
      server.sql("SELECT remote_id FROM vapisync.resources WHERE key = 'outbound'");
  stage.sandbox.remove(outbound);
  EXPECT_EQ(restored(server.url("app_daemon"), {"--resync"}).exit_code, 0);
  daemon->await("db.resync_done");
  expect_equal(server.url(), stage.sandbox);
}

// An application that keeps its transaction open holds up the look at its own resource only.
TEST_F(Restored, AResyncWaitsForNoApplication) {
  const auto daemon = start_daemon(server.url("app_daemon"));
  for (int org = 0; org < 12; ++org) {
    server.sql(save_agents("org" + std::to_string(org), "r1", R"({"inbound":{}})"));
  }
  expect_equal(server.url(), stage.sandbox);
  pqxx::connection application(server.url());
  {
    pqxx::work open(application);
    open.exec(save_agents("org5", "r2", R"({"inbound":{"name":"Desk"}})"));
    EXPECT_EQ(restored(server.url("app_daemon"), {"--resync"}).exit_code, 0);
    await_sql(server.url(), "SELECT string_agg(org_id, ' ') FROM vapisync.resync", "org5");
    open.commit();
  }
  daemon->await("db.resync_done");
  expect_equal(server.url(), stage.sandbox);
}

}  // namespace
}  // namespace vapisync::test
