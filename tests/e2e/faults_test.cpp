// What Vapi and the network can do to a save. Every test ends by lifting the fault and seeing the
// database and Vapi agree.
#include <gtest/gtest.h>

#include "support/stage.hpp"

namespace vapisync::test {
namespace {

/// One agent that is live, and a daemon.
struct Live : ::testing::Test {
  Stage stage;
  std::unique_ptr<Process> daemon = stage.start_daemon();

  void make_live() {
    stage.save("acme", "r1", R"({"inbound":{"name":"Desk","firstMessage":"one"}})");
    daemon->await("sync.synced", of_request("r1"));
  }
  void hold(const std::string& request, const std::string& agents) {
    stage.sql(save_agents_and_hold("acme", request, agents));
  }
  std::string state(const std::string& request) {
    return std::string(json::text_or(stage.status("acme", request), "state", ""));
  }
  std::string sandbox_text() {
    return http_exchange(stage.sandbox.url(), "GET", "/_sandbox/state").body;
  }
};

using Faults = Live;

TEST_F(Faults, AFailingCallKeepsWhatIsWantedLeavesLiveAloneAndIsTriedAgain) {
  make_live();
  stage.sandbox.set_faults(R"([{"match":{"method":"PATCH"},"answer":{"status":500}}])");
  stage.save("acme", "r2", R"({"inbound":{"firstMessage":"two"}})");
  const auto retry = daemon->await("sync.retry", of_request("r2"));
  EXPECT_EQ(json::text_or(retry, "code", ""), "http_500");

  EXPECT_EQ(stage.sql("SELECT first_message FROM vapisync.agents"), "two");
  EXPECT_EQ(stage.sql("SELECT first_message FROM vapisync.agents_live"), "one");
  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.work"), "1");
  EXPECT_EQ(state("r2"), "pending");
  EXPECT_NE(stage.sql("SELECT count(*) FROM vapisync.attempts"), "0");

  stage.sandbox.clear_faults();
  daemon->await("sync.synced", of_request("r2"));
  EXPECT_EQ(state("r2"), "synced");
  EXPECT_EQ(stage.sql("SELECT first_message FROM vapisync.agents_live"), "two");
}

TEST_F(Faults, ALostAnswerToACreateLeavesExactlyOneAssistant) {
  stage.sandbox.set_faults(
      R"([{"match":{"method":"POST"},"count":1,"cut":{"after_commit":true}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.adopted", of_request("r1"));
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(stage.sandbox.assistants(), 1);
  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
}

TEST_F(Faults, ACreateThatNeverHappenedIsSentAgainOnlyWhenItCanLandNoMore) {
  stage.sandbox.set_faults(R"([{"match":{"method":"POST"},"count":1,"cut":{}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.waiting", of_request("r1"));
  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(stage.sandbox.assistants(), 1);
  EXPECT_EQ(stage.sandbox.requests("POST"), 2);
}

TEST_F(Faults, ACreateThatLandsLateIsAdoptedThoughItsAnswerTimedOut) {
  stage.sandbox.set_faults(
      R"([{"match":{"method":"POST"},"count":1,"late_commit":{"ms":1200,"answer":"none"}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(stage.sandbox.assistants(), 1);
  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
}

TEST_F(Faults, AnErrorAfterTheCommitOfACreateIsNotTakenForFailure) {
  stage.sandbox.set_faults(R"([{"match":{"method":"POST"},"count":1,)"
                           R"("answer":{"status":504,"html":true,"after_commit":true}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(stage.sandbox.assistants(), 1);
}

TEST_F(Faults, AnOlderUpdateThatLandsLateIsRepaired) {
  make_live();
  stage.sandbox.set_faults(
      R"([{"match":{"method":"PATCH"},"count":1,"late_commit":{"ms":500,"answer":"cut"}}])");
  stage.save("acme", "r2", R"({"inbound":{"firstMessage":"two"}})");
  daemon->await("sync.retry", of_request("r2"));
  stage.save("acme", "r3", R"({"inbound":{"firstMessage":"three"}})");
  daemon->await("sync.synced", of_request("r3"));
  // The last look comes when the first request can land no more.
  daemon->await("sync.synced", of_request("r3"));
  EXPECT_NE(sandbox_text().find(R"("firstMessage":"three")"), std::string::npos) << sandbox_text();
  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.work"), "0");
}

TEST_F(Faults, ARateLimitPausesTheCredentialForAsLongAsItAsks) {
  make_live();
  stage.sandbox.set_faults(R"([{"match":{"method":"PATCH"},"count":1,)"
                           R"("answer":{"status":429,"body":"","retry_after":1}}])");
  stage.save("acme", "r2", R"({"inbound":{"firstMessage":"two"}})");
  const auto paused = daemon->await("credential.throttled");
  EXPECT_EQ(json::find(paused, "next_try_ms")->GetInt(), 1000);
  daemon->await("vapi.recovered");
  daemon->await("sync.synced", of_request("r2"));
  EXPECT_EQ(stage.sandbox.requests("PATCH"), 2);
}

TEST_F(Faults, AnOutageOpensTheBreakerBurnsNoAttemptsAndEndsByItself) {
  for (int i = 0; i < 8; ++i) {
    stage.save("org" + std::to_string(i), "r", R"({"inbound":{"name":"Desk"}})");
    daemon->await("sync.synced");
  }
  stage.sandbox.set_faults(R"([{"answer":{"status":503,"html":true}}])");
  for (int i = 0; i < 8; ++i) {
    stage.save("org" + std::to_string(i), "s", R"({"inbound":{"name":"Desk 2"}})");
  }
  daemon->await("vapi.outage");
  daemon->await("sync.retry");
  stage.sandbox.clear_faults();
  daemon->await("vapi.recovered");
  for (int i = 0; i < 8; ++i) daemon->await("sync.synced", of_request("s"));
  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.saves WHERE state <> 'synced'"), "0");
}

TEST_F(Faults, ARejectedVersionFailsItsSaveWithVapisWordsAndFieldPath) {
  make_live();
  hold("r2", R"({"inbound":{"vapi":{"stopSpeakingPlan":{"voiceSeconds":9}}}})");
  daemon->await("sync.rejected", of_request("r2"));
  const auto status = stage.status("acme", "r2");
  EXPECT_EQ(json::text_or(status, "state", ""), "failed");
  EXPECT_FALSE(json::find(status, "success")->GetBool());
  const auto text = json::to_text(status);
  EXPECT_NE(text.find("stopSpeakingPlan.voiceSeconds"), std::string::npos) << text;
  EXPECT_EQ(stage.sql("SELECT last_error->>'code' FROM vapisync.agents"), "http_400");
  EXPECT_EQ(stage.sql("SELECT first_message FROM vapisync.agents_live"), "one");

  stage.save("acme", "r3", R"({"inbound":{"vapi":{"stopSpeakingPlan":{"voiceSeconds":0.4}}}})");
  daemon->await("sync.synced", of_request("r3"));
  EXPECT_EQ(stage.sql("SELECT last_error IS NULL FROM vapisync.agents"), "t");
}

TEST_F(Faults, AValueThatVapiNormalisesIsSyncedWithAWarning) {
  make_live();
  stage.sandbox.set_faults(
      R"([{"match":{"method":"PATCH"},"normalise":{"field":"name","value":"Desk!"}}])");
  stage.save("acme", "r2", R"({"inbound":{"firstMessage":"two"}})");
  daemon->await("sync.synced", of_request("r2"));
  const auto text = json::to_text(stage.status("acme", "r2"));
  EXPECT_EQ(state("r2"), "synced");
  EXPECT_NE(text.find(R"("path":"name")"), std::string::npos) << text;
}

TEST_F(Faults, AnAnswerThatTheDatabaseCanNotStoreHoldsUpNobodyElse) {
  make_live();
  stage.sandbox.set_faults(
      R"([{"match":{"method":"PATCH","body":"two"},"normalise":{"field":"name","value":"a\u0000b"}}])");
  stage.save("acme", "r2", R"({"inbound":{"firstMessage":"two"}})");
  daemon->await("sync.sent", of_request("r2"));
  stage.save("bolt", "b1", R"({"inbound":{"name":"Bolt"}})");
  daemon->await("sync.synced", of_request("b1"));
  stage.sandbox.clear_faults();
  stage.save("acme", "r3", R"({"inbound":{"firstMessage":"three"}})");
  daemon->await("sync.synced", of_request("r3"));
}

TEST_F(Faults, AValueThatVapiDropsIsRejectedAsNotStored) {
  make_live();
  stage.sandbox.set_faults(
      R"([{"match":{"method":"PATCH"},"normalise":{"field":"firstMessage","drop":true}}])");
  hold("r2", R"({"inbound":{"firstMessage":"two"}})");
  const auto rejected = daemon->await("sync.rejected", of_request("r2"));
  EXPECT_EQ(json::text_or(rejected, "code", ""), "not_stored");
  EXPECT_EQ(json::text_or(rejected, "path", ""), "firstMessage");
  EXPECT_EQ(state("r2"), "failed");
  stage.sandbox.clear_faults();
  stage.save("acme", "r3", R"({"inbound":{"firstMessage":"three"}})");
  daemon->await("sync.synced", of_request("r3"));
}

TEST_F(Faults, AnAssistantThatSomebodyDeletedIsMadeAnewOnce) {
  make_live();
  stage.sandbox.remove(stage.assistant_id("acme", "inbound"));
  stage.save("acme", "r2", R"({"inbound":{"firstMessage":"two"}})");
  daemon->await("sync.remote_gone", of_request("r2"));
  daemon->await("sync.synced", of_request("r2"));
  EXPECT_EQ(stage.sandbox.assistants(), 1);
  EXPECT_EQ(stage.sandbox.requests("POST"), 2);
  EXPECT_EQ(state("r2"), "synced");
}

TEST_F(Faults, SavingAgainMendsAnEditThatWasMadeInTheDashboard) {
  make_live();
  stage.sandbox.edit(stage.assistant_id("acme", "inbound"), R"({"firstMessage":"drifted"})");
  stage.save("acme", "r2", R"({"inbound":{"firstMessage":"one"}})");
  daemon->await("sync.synced", of_request("r2"));
  EXPECT_NE(sandbox_text().find(R"("firstMessage":"one")"), std::string::npos);
  stage.save("acme", "r3", R"({"inbound":{"firstMessage":"one"}})");
  daemon->await("sync.synced", of_request("r3"));
  EXPECT_EQ(stage.sandbox.requests("PATCH"), 1) << "nothing differs: a look is enough";
}

TEST_F(Faults, AKeyThatCanNotBeResetIsRejectedByName) {
  value(stage.connection,
        "SELECT vapisync.put_resource('acme', 'assistant', 'inbound',"
        " '{\"name\":\"A\",\"endCallMessage\":\"Bye\"}', 'r1')");
  daemon->await("sync.synced", of_request("r1"));
  stage.sandbox.set_faults(R"([{"stuck_keys":{"keys":["endCallMessage"],"refuse":false}}])");
  value(stage.connection,
        "SELECT vapisync.put_resource('acme', 'assistant', 'inbound',"
        " '{\"name\":\"A\"}', 'r2')");
  const auto rejected = daemon->await("sync.rejected", of_request("r2"));
  EXPECT_EQ(json::text_or(rejected, "code", ""), "cannot_unset");
  EXPECT_EQ(json::text_or(rejected, "path", ""), "endCallMessage");

  stage.sandbox.set_faults(R"([{"stuck_keys":{"keys":["endCallMessage"]}}])");
  value(stage.connection,
        "SELECT vapisync.put_resource('acme', 'assistant', 'inbound',"
        " '{\"name\":\"B\"}', 'r3')");
  const auto refused = daemon->await("sync.rejected", of_request("r3"));
  EXPECT_EQ(json::text_or(refused, "code", ""), "cannot_unset");

  stage.sandbox.clear_faults();
  value(stage.connection,
        "SELECT vapisync.put_resource('acme', 'assistant', 'inbound',"
        " '{\"name\":\"C\"}', 'r4')");
  daemon->await("sync.synced", of_request("r4"));
  EXPECT_EQ(sandbox_text().find("Bye"), std::string::npos);
}

}  // namespace
}  // namespace vapisync::test
