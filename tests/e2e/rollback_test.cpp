// All or nothing, from the application's transaction to Vapi: real daemon, real calls.
#include <csignal>
#include <gtest/gtest.h>

#include "support/stage.hpp"

namespace vapisync::test {
namespace {

/// Vapi takes speeds up to 2; nothing in SQL knows that.
constexpr const char* refused_outbound =
    R"({"inbound":{"name":"New in"},"outbound":{"name":"New out",)"
    R"("vapi":{"voice":{"provider":"vapi","voiceId":"Elliot","speed":9}}}})";

struct RollbackLive : ::testing::Test {
  Stage stage;
  std::unique_ptr<Process> daemon = stage.start_daemon();

  void make_live() {
    stage.save("acme", "r1", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
    await_end("r1");
  }
  void await_end(const std::string& request) {
    while (stage.sql("SELECT finished_at IS NULL FROM vapisync.saves WHERE request_id = '" +
                     request + "'") != "f") {
      daemon->await("sync.synced");
    }
  }
  std::string state(const std::string& request) {
    return std::string(json::text_or(stage.status("acme", request), "state", ""));
  }
  bool vapi_has(const std::string& text) {
    const auto body = http_exchange(stage.sandbox.url(), "GET", "/_sandbox/state").body;
    return body.find(text) != std::string::npos;
  }
  void expect_back() {
    EXPECT_EQ(state("r2"), "rolled_back");
    EXPECT_TRUE(vapi_has(R"("name":"In")"));
    EXPECT_TRUE(vapi_has(R"("name":"Out")"));
    EXPECT_FALSE(vapi_has("New"));
    EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.agents WHERE in_sync"), "2");
    EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.work WHERE open_until IS NULL"), "0");
  }
};

TEST_F(RollbackLive, ARefusedPartPutsTheWholeSaveBackInDatabaseAndVapi) {
  make_live();
  stage.save("acme", "r2", refused_outbound);
  daemon->await("save.rolling_back", of_request("r2"));
  await_end("r2");
  expect_back();
  const auto status = json::to_text(stage.status("acme", "r2"));
  EXPECT_NE(status.find(R"("success":false)"), std::string::npos) << status;
  EXPECT_NE(status.find("voice.speed"), std::string::npos) << status;
  EXPECT_EQ(stage.sandbox.assistants(), 2);
}

TEST_F(RollbackLive, AgentsThatNeverWereLiveAreGoneAgain) {
  stage.save("acme", "r1", refused_outbound);
  daemon->await("save.rolling_back");
  await_end("r1");
  EXPECT_EQ(state("r1"), "rolled_back");
  EXPECT_EQ(stage.sandbox.assistants(), 0);
  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.agents"), "0");
  stage.save("acme", "r2", R"({"inbound":{"name":"Again"}})");
  await_end("r2");
  EXPECT_EQ(stage.sandbox.assistants(), 1);
}

TEST_F(RollbackLive, AnApplicationThatHoldsAMemberDelaysItsOwnRollbackOnly) {
  make_live();
  stage.sandbox.set_faults(R"([{"match":{"method":"PATCH"},"count":2,"delay":{"ms":200}}])");
  stage.save("acme", "r2", refused_outbound);
  while (stage.sandbox.requests("PATCH") < 2) {
  }
  pqxx::work open(stage.connection);
  open.exec(save_agents("acme", "edit", R"({"inbound":{"firstMessage":"Edited"}})"));
  auto other = stage.database.connect();
  value(other, save_agents("other", "q", R"({"inbound":{"name":"Quick"}})"));
  daemon->await("sync.synced", of_request("q"));
  EXPECT_EQ(value(other, "SELECT count(*) FROM vapisync.outbox WHERE cause = 'rollback'"), "0");
  open.commit();
  await_end("r2");
  await_end("edit");
  EXPECT_EQ(state("r2"), "rolled_back");
  EXPECT_TRUE(vapi_has(R"("firstMessage":"Edited")"));
  EXPECT_FALSE(vapi_has("New"));
}

TEST_F(RollbackLive, KilledInTheMiddleAnotherDaemonEndsIt) {
  make_live();
  // The put-backs fail until the daemon is gone.
  stage.sandbox.set_faults(R"([{"match":{"method":"PATCH"},"from":3,"answer":{"status":500}},)"
                           R"({"match":{"method":"GET"},"answer":{"status":500}}])");
  stage.save("acme", "r2", refused_outbound);
  daemon->await("save.rolling_back");
  daemon->await("sync.retry");
  daemon->signal(SIGKILL);
  daemon->wait();
  EXPECT_EQ(state("r2"), "rolling_back");
  stage.sandbox.clear_faults();
  daemon = stage.start_daemon();
  await_end("r2");
  expect_back();
}

TEST_F(RollbackLive, KilledBeforeTheRefusalIsRecordedAnotherDaemonFindsIt) {
  make_live();
  stage.sandbox.set_faults(R"([{"match":{"method":"PATCH"},"count":2,"delay":{"ms":300}}])");
  stage.save("acme", "r2", refused_outbound);
  while (stage.sandbox.requests("PATCH") < 2) {
  }
  daemon->signal(SIGKILL);
  daemon->wait();
  daemon = stage.start_daemon();
  await_end("r2");
  expect_back();
}

}  // namespace
}  // namespace vapisync::test
