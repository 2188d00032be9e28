// What can happen to the database while the daemon works. Every test ends by lifting the trouble
// and comparing what Vapi holds with what is wanted.
#include <csignal>
#include <gtest/gtest.h>

#include "support/convergence.hpp"
#include "support/gate.hpp"
#include "support/server.hpp"

namespace vapisync::test {
namespace {

constexpr const char* r1_state = "SELECT state FROM vapisync.saves WHERE request_id = 'r1'";

/// A server of its own, reached through a gate.
struct DatabaseTrouble : ::testing::Test {
  Stage stage;
  PostgresServer server;
  std::unique_ptr<Gate> gate;
  std::unique_ptr<Process> daemon;

  void SetUp() override {
    server.migrate();
    gate = std::make_unique<Gate>(server.directory() + "/.s.PGSQL." + server.port());
    daemon = stage.start_daemon(
        {"database.url=postgresql://app_daemon@/postgres?host=" + gate->directory() + "&port=1"});
  }
  void save(const std::string& org, const std::string& request, const std::string& agents) const {
    EXPECT_NO_THROW(server.sql(save_agents(org, request, agents)));
  }
  /// A save whose create has reached Vapi and is answered only in a while.
  void save_and_await_post() {
    stage.sandbox.set_faults(R"([{"match":{"method":"POST"},"delay":{"ms":150}}])");
    save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
    while (stage.sandbox.requests("POST") == 0) {
    }
  }
  void expect_all_is_well() { expect_equal(server.url(), stage.sandbox); }
};

class Restart : public DatabaseTrouble, public testing::WithParamInterface<const char*> {};

TEST_P(Restart, UnderACallLosesNoOutcome) {
  save_and_await_post();
  server.restart(GetParam());
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
  save("acme", "r2", R"({"inbound":{"name":"Front desk"}})");
  daemon->await("sync.synced", of_request("r2"));
  expect_all_is_well();
}

TEST_P(Restart, WhileIdleIsHardlyNoticed) {
  server.restart(GetParam());
  save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r1"));
  expect_all_is_well();
}

INSTANTIATE_TEST_SUITE_P(DatabaseTrouble, Restart, testing::Values("fast", "immediate"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(DatabaseTrouble, CutConnectionsUnderLoadLoseNothingAndCreateNothingTwice) {
  constexpr int orgs = 12;
  for (int round = 0; round < 4; ++round) {
    for (int org = 0; org < orgs; ++org) {
      save(
          "org" + std::to_string(org), "r" + std::to_string(round),
          R"({"inbound":{"firstMessage":"round )" + std::to_string(round) + R"("},"outbound":{}})");
    }
    daemon->await("sync.synced");
    gate->cut();
  }
  expect_all_is_well();
  EXPECT_EQ(stage.sandbox.assistants(), 2 * orgs);
  EXPECT_EQ(stage.sandbox.requests("POST"), 2 * orgs);
}

// The outcome was written, but the daemon never heard so. It says it again, and is told that the
// claim is over.
TEST_F(DatabaseTrouble, AnOutcomeWhoseAcknowledgementIsLostIsRecordedOnce) {
  save("acme", "r0", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r0"));
  gate->lose_answer_to("confirm");
  save("acme", "r1", R"({"inbound":{"name":"Our desk"}})");
  await_sql(server.url(), r1_state, "synced");
  gate->cut();
  daemon->await("sync.claim_lost", of_request("r1"));
  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
  EXPECT_EQ(server.sql("SELECT count(*) FROM vapisync.outcomes"), "2");
  save("acme", "r2", R"({"inbound":{"name":"Front desk"}})");
  daemon->await("sync.synced", of_request("r2"));
  expect_all_is_well();
}

TEST_F(DatabaseTrouble, AConnectionThatIsCutWhileItAsksToListenIsTriedAgain) {
  daemon->await("db.listening");
  gate->cut_at("LISTEN");
  gate->cut();
  daemon->await("db.not_listening");
  daemon->await("db.listening_again");
  save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r1"));
  expect_all_is_well();
}

TEST_F(DatabaseTrouble, WhileOutcomesWaitNothingIsClaimed) {
  save_and_await_post();
  gate->shut();
  daemon->await("db.recording_failed");
  for (int i = 0; i < 5; ++i) {
    save("org" + std::to_string(i), "r1", R"({"inbound":{"name":"Desk"}})");
  }
  const int sent = stage.sandbox.requests("POST");
  EXPECT_EQ(sent, 1);
  gate->open();
  daemon->await("db.recording_again");
  daemon->await("sync.synced", of_request("r1"));
  expect_all_is_well();
  EXPECT_EQ(stage.sandbox.requests("POST"), 6);
}

// As long as an outage of minutes, by the measure of these settings: twenty polls, and longer than
// a lease.
TEST_F(DatabaseTrouble, ALongOutageIsWaitedForWithoutHaste) {
  save_and_await_post();
  server.kill();
  daemon->await("db.recording_failed");
  const size_t before = daemon->output().size();
  // The listener tries again after 0.1, 0.2, 0.4, 0.8, 1.6 seconds.
  for (int tries = 0; tries < 5; ++tries) daemon->await("db.listen_failed");
  const std::string lines = daemon->output().substr(before);
  EXPECT_LE(count_lines(lines), 40) << lines;
  EXPECT_EQ(count_lines(daemon->output(), "db.recording_failed"), 1);
  EXPECT_LE(count_lines(daemon->output(), "db.claiming_failed"), 1);
  server.start();
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
  expect_all_is_well();
}

TEST_F(DatabaseTrouble, AServerThatFallsSilentDoesNotKeepTheDaemonFromEnding) {
  save("acme", "r0", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r0"));
  gate->lose_answer_to("confirm");
  save("acme", "r1", R"({"inbound":{"name":"Our desk"}})");
  await_sql(server.url(), r1_state, "synced");
  daemon->signal(SIGTERM);
  daemon->await("serve.drain_timeout");
  daemon->wait();
  daemon = stage.start_daemon({"database.url=" + server.url("app_daemon")});
  expect_all_is_well();
}

TEST_F(DatabaseTrouble, AServerThatTurnsReadOnlyIsLeftAndTriedAgain) {
  server.sql("ALTER SYSTEM SET default_transaction_read_only = on");
  server.sql("SELECT pg_reload_conf()");
  // A commit from before still counts.
  EXPECT_NO_THROW(server.sql("SET TRANSACTION READ WRITE; " +
                             save_agents("acme", "r1", R"({"inbound":{"name":"Desk"}})")));
  const auto failed = daemon->await("db.claiming_failed");
  EXPECT_EQ(json::text_or(failed, "code", ""), "sql_25006");
  server.sql("ALTER SYSTEM RESET default_transaction_read_only");
  server.sql("SELECT pg_reload_conf()");
  daemon->await("sync.synced", of_request("r1"));
  expect_all_is_well();
}

}  // namespace
}  // namespace vapisync::test
