// The daemon as a process: starting in a world that is not ready, dying, stopping.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <thread>

#include "db/migrator.hpp"
#include "support/stage.hpp"

namespace vapisync::test {
namespace {

TEST(Daemon, StartedBeforeTheMigrationItSaysSoAndGoesOnByItself) {
  Stage stage(Contents::empty);
  const auto daemon = stage.launch_daemon({"database.url=" + stage.database.url()});
  const auto waiting = daemon->await("serve.waiting");
  EXPECT_NE(json::text_or(waiting, "message", "").find("vapisync migrate up"),
            std::string_view::npos);
  ASSERT_TRUE(db::migrate_up(stage.connection));
  daemon->await("serve.ready");
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r1"));
}

TEST(Daemon, StartedBeforeTheDatabaseItSaysSoAndStopsWhenAsked) {
  Stage stage;
  const auto daemon = stage.launch_daemon({"database.url=postgresql://app@/x?host=/nonexistent"});
  const auto waiting = daemon->await("serve.waiting");
  EXPECT_EQ(json::text_or(waiting, "code", ""), "db_connection");
  daemon->signal(SIGTERM);
  EXPECT_EQ(daemon->wait(), 0);
}

TEST(Daemon, AWrongKeyIsNamedPausesAndBurnsNothing) {
  Stage stage;
  std::ofstream(stage.key_file) << "invalid-key-0123456789";
  const auto daemon = stage.start_daemon();
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  const auto refused = daemon->await("credential.refused");
  EXPECT_NE(json::text_or(refused, "hint", "").find("vapi.platform_key_file"),
            std::string_view::npos);
  daemon->await("sync.released", of_request("r1"));
  EXPECT_EQ(stage.sql("SELECT attempts FROM vapisync.work"), "0");
  daemon->signal(SIGTERM);
  EXPECT_EQ(daemon->wait(), 0);
  EXPECT_EQ(daemon->output().find("invalid-key-0123456789"), std::string::npos);

  std::ofstream(stage.key_file) << "right-key";
  const auto mended = stage.start_daemon();
  mended->await("sync.synced", of_request("r1"));
}

TEST(Daemon, AWrongBaseUrlIsNamedAndNothingIsGivenUp) {
  Stage stage;
  const auto daemon =
      stage.start_daemon({"vapi.base_url=" + stage.sandbox.url() + "/no-such-place"});
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  const auto retry = daemon->await("sync.retry", of_request("r1"));
  EXPECT_NE(json::text_or(retry, "message", "").find("vapi.base_url"), std::string_view::npos);
  daemon->signal(SIGTERM);
  EXPECT_EQ(daemon->wait(), 0);
  const auto right = stage.start_daemon();
  right->await("sync.synced", of_request("r1"));
}

TEST(Daemon, NothingListensAtVapisAddressAndTheSaveWaits) {
  Stage stage;
  const auto daemon = stage.start_daemon({"vapi.base_url=http://127.0.0.1:1"});
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  const auto retry = daemon->await("sync.retry", of_request("r1"));
  EXPECT_EQ(json::text_or(retry, "code", ""), "connect_failed");
  EXPECT_EQ(stage.sql("SELECT open_until IS NULL FROM vapisync.work"), "t");
}

TEST(Daemon, AWrongSettingIsRefusedWithItsName) {
  const Ran ran = run_program({VAPISYNC_BINARY, "serve", "--set", "engine.batch=0"});
  EXPECT_EQ(ran.exit_code, 78) << "systemd does not restart that";
  EXPECT_NE(ran.err.find("engine.batch"), std::string::npos) << ran.err;
}

TEST(Daemon, AMissingKeyFileIsNamed) {
  const Ran ran = run_program({VAPISYNC_BINARY, "serve", "--set", "database.url=host=/x", "--set",
                               "vapi.platform_key_file=/nonexistent/key"});
  EXPECT_EQ(ran.exit_code, 78);
  EXPECT_NE(ran.err.find("/nonexistent/key"), std::string::npos) << ran.err;
}

TEST(Daemon, TermLetsTheCallInFlightFinishAndExitsWithZero) {
  Stage stage;
  stage.sandbox.set_faults(R"([{"match":{"method":"POST"},"delay":{"ms":200}}])");
  const auto daemon = stage.start_daemon();
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  stage.sandbox.await_requests("POST");
  daemon->signal(SIGTERM);
  daemon->await("serve.stopped");
  EXPECT_EQ(daemon->wait(), 0);
  EXPECT_EQ(stage.sql("SELECT state FROM vapisync.saves"), "synced");
  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.work"), "0");
}

TEST(Daemon, TermWhileIdleExitsAtOnce) {
  Stage stage;
  const auto daemon = stage.start_daemon();
  daemon->signal(SIGTERM);
  daemon->await("serve.stopped");
  EXPECT_EQ(daemon->wait(), 0);
}

TEST(Daemon, KilledAtRandomMomentsAndRestartedItConvergesWithoutDuplicates) {
  Stage stage;
  std::mt19937 random(20261121);
  constexpr int orgs = 6;
  stage.sandbox.set_faults(R"([{"probability":0.5,"delay":{"ms":20}}])");
  for (int round = 0; round < 5; ++round) {
    const auto daemon = stage.start_daemon();
    const int before = stage.sandbox.requests("POST") + stage.sandbox.requests("PATCH");
    for (int org = 0; org < orgs; ++org) {
      stage.save(
          "org" + std::to_string(org), "r" + std::to_string(round),
          R"({"inbound":{"firstMessage":"round )" + std::to_string(round) + R"("},"outbound":{}})");
    }
    // When so many requests have arrived some are on their way, some answered, some recorded.
    const int enough = before + std::uniform_int_distribution<int>(0, orgs)(random);
    while (stage.sandbox.requests("POST") + stage.sandbox.requests("PATCH") < enough) {
      std::this_thread::yield();
    }
    daemon->signal(SIGKILL);
    EXPECT_EQ(daemon->wait(), 128 + SIGKILL);
  }
  stage.sandbox.clear_faults();
  const auto daemon = stage.start_daemon();
  while (stage.sql("SELECT count(*) FROM vapisync.work") != "0") {
    daemon->await("sync.synced");
  }
  EXPECT_EQ(stage.sandbox.assistants(), 2 * orgs);
  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.agents WHERE NOT in_sync"), "0");
  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.saves WHERE open_count > 0"), "0");
  const auto text = http_exchange(stage.sandbox.url(), "GET", "/_sandbox/state").body;
  EXPECT_EQ(text.find("round 3"), std::string::npos);
}

TEST(Daemon, ALostDatabaseConnectionLosesNoOutcome) {
  Stage stage;
  stage.sandbox.set_faults(R"([{"match":{"method":"POST"},"delay":{"ms":150}}])");
  const auto daemon = stage.start_daemon();
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  stage.sandbox.await_requests("POST");
  stage.sql(
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
      " WHERE usename = 'app_daemon' AND datname = current_database()");
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
  EXPECT_EQ(stage.sandbox.assistants(), 1);
}

TEST(Daemon, TwoDaemonsShareTheWorkWithoutSendingAnythingTwice) {
  Stage stage;
  const auto first = stage.start_daemon();
  const auto second = stage.start_daemon();
  for (int i = 0; i < 30; ++i) {
    stage.save("org" + std::to_string(i), "r", R"({"inbound":{},"outbound":{}})");
  }
  first->signal(SIGTERM);
  EXPECT_EQ(first->wait(), 0);
  while (stage.sql("SELECT count(*) FROM vapisync.work") != "0") second->await("sync.synced");
  EXPECT_EQ(stage.sandbox.requests("POST"), 60);
  EXPECT_EQ(stage.sandbox.requests("PATCH"), 0);
  EXPECT_EQ(stage.sandbox.assistants(), 60);
}

}  // namespace
}  // namespace vapisync::test
