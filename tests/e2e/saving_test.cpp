// The main job: what is saved in Postgres stands in Vapi, once.
#include <gtest/gtest.h>

#include "support/stage.hpp"

namespace vapisync::test {
namespace {

std::string state_of(Stage& stage, const std::string& org, const std::string& request) {
  return std::string(json::text_or(stage.status(org, request), "state", ""));
}

TEST(Saving, BothAgentsOfOneSaveReachVapiAndTheSaveIsSynced) {
  Stage stage;
  const auto daemon = stage.start_daemon();
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"},"outbound":{"name":"Sales"}})");
  daemon->await("sync.synced", of_request("r1"));
  daemon->await("sync.synced", of_request("r1"));

  EXPECT_EQ(state_of(stage, "acme", "r1"), "synced");
  EXPECT_EQ(stage.sandbox.assistants(), 2);
  EXPECT_EQ(stage.sandbox.requests("POST"), 2);
  EXPECT_EQ(stage.sql("SELECT bool_and(in_sync AND last_synced_at IS NOT NULL)"
                      " FROM vapisync.agents"),
            "t");
  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.work"), "0");
  const auto read = http_exchange(stage.sandbox.url(), "GET", "/_sandbox/state");
  EXPECT_NE(read.body.find(R"("name":"Desk")"), std::string::npos);
}

TEST(Saving, AnEditChangesTheSameAssistantWithOneCall) {
  Stage stage;
  const auto daemon = stage.start_daemon();
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r1"));
  const auto id = stage.assistant_id("acme", "inbound");
  stage.save("acme", "r2", R"({"inbound":{"firstMessage":"Hi there"}})");
  daemon->await("sync.synced", of_request("r2"));

  EXPECT_EQ(stage.assistant_id("acme", "inbound"), id);
  EXPECT_EQ(stage.sandbox.assistants(), 1);
  EXPECT_EQ(stage.sandbox.requests("PATCH"), 1);
  EXPECT_EQ(stage.sandbox.requests("GET"), 0);
}

TEST(Saving, TheSameRequestTwiceIsOneSaveAndOneCall) {
  Stage stage;
  const auto daemon = stage.start_daemon();
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r1"));
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  stage.save("acme", "r2", R"({"inbound":{"name":"Front"}})");
  daemon->await("sync.synced", of_request("r2"));

  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.saves"), "2");
  EXPECT_EQ(stage.sql("SELECT max(version) FROM vapisync.outbox"), "2");
  EXPECT_EQ(stage.sandbox.requests("PATCH"), 1);
}

TEST(Saving, EditsDuringOneCallCostOneMoreCall) {
  Stage stage;
  stage.sandbox.set_faults(R"([{"match":{"method":"POST"},"count":1,"delay":{"ms":2000}}])");
  const auto daemon =
      stage.start_daemon({"vapi.request_timeout_ms=20000", "engine.lease_ms=60000"});
  stage.save("acme", "first", R"({"inbound":{"name":"Desk"}})");
  // The journal shows the create as soon as it arrived: the call is in flight now.
  stage.sandbox.await_requests("POST");
  for (int i = 1; i <= 20; ++i) {
    stage.save("acme", "edit" + std::to_string(i),
               R"({"inbound":{"firstMessage":"Hello )" + std::to_string(i) + R"("}})");
  }
  daemon->await("sync.synced", of_request("edit20"));

  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
  EXPECT_EQ(stage.sandbox.requests("PATCH"), 1);
  EXPECT_EQ(state_of(stage, "acme", "first"), "synced");
  EXPECT_EQ(state_of(stage, "acme", "edit7"), "superseded");
  EXPECT_EQ(state_of(stage, "acme", "edit20"), "synced");
}

TEST(Saving, TwoPeopleWhoSaveDifferentFieldsLoseNothing) {
  Stage stage;
  const auto daemon = stage.start_daemon();
  stage.save("acme", "r0", R"({"inbound":{}})");
  daemon->await("sync.synced", of_request("r0"));
  auto second = stage.database.connect();
  pqxx::work tx(stage.connection);
  tx.exec(save_agents("acme", "a", R"({"inbound":{"name":"Anna"}})"));
  std::thread other(
      [&] { value(second, save_agents("acme", "b", R"({"inbound":{"firstMessage":"from B"}})")); });
  auto observer = stage.database.connect();
  await_blocked(observer, second.backendpid());
  tx.commit();
  other.join();
  daemon->await("sync.synced", of_request("b"));

  const auto body = http_exchange(stage.sandbox.url(), "GET", "/_sandbox/state").body;
  EXPECT_NE(body.find(R"("name":"Anna")"), std::string::npos);
  EXPECT_NE(body.find(R"("firstMessage":"from B")"), std::string::npos);
}

TEST(Saving, AFieldThatIsWantedNoMoreIsResetInVapi) {
  Stage stage;
  const auto daemon = stage.start_daemon();
  value(stage.connection,
        "SELECT vapisync.put_resource('acme', 'assistant', 'inbound',"
        " '{\"name\":\"A\",\"endCallMessage\":\"Bye\"}', 'r1')");
  daemon->await("sync.synced", of_request("r1"));
  value(stage.connection,
        "SELECT vapisync.put_resource('acme', 'assistant', 'inbound',"
        " '{\"name\":\"A\"}', 'r2')");
  daemon->await("sync.synced", of_request("r2"));
  const auto body = http_exchange(stage.sandbox.url(), "GET", "/_sandbox/state").body;
  EXPECT_EQ(body.find("Bye"), std::string::npos) << body;
  EXPECT_EQ(stage.sql("SELECT 'endCallMessage' = ANY (sent_keys) FROM vapisync.resources"), "f");
}

TEST(Saving, DeletingAnAgentRemovesTheAssistantAndSavingItAgainMakesANewOne) {
  Stage stage;
  const auto daemon = stage.start_daemon();
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r1"));
  const auto first_id = stage.assistant_id("acme", "inbound");
  stage.sql("SELECT vapisync.delete_resource('acme', 'assistant', 'inbound', 'r2')");
  daemon->await("sync.synced", of_request("r2"));
  EXPECT_EQ(stage.sandbox.assistants(), 0);
  EXPECT_EQ(state_of(stage, "acme", "r2"), "synced");

  stage.save("acme", "r3", R"({"inbound":{"name":"Desk 2"}})");
  daemon->await("sync.synced", of_request("r3"));
  EXPECT_EQ(stage.sandbox.assistants(), 1);
  EXPECT_NE(stage.assistant_id("acme", "inbound"), first_id);
}

TEST(Saving, AnApplicationThatKeepsItsTransactionOpenStopsNobodyElse) {
  Stage stage;
  const auto daemon = stage.start_daemon();
  stage.save("slow", "s1", R"({"inbound":{"name":"Slow"}})");
  daemon->await("sync.synced", of_request("s1"));
  stage.save("slow", "s2", R"({"inbound":{"name":"Slow 2"}})");
  pqxx::work open(stage.connection);  // holds the resource while its call comes back
  open.exec(save_agents("slow", "s3", R"({"inbound":{"name":"Slow 3"}})"));
  auto other = stage.database.connect();
  for (int i = 0; i < 5; ++i) {
    const auto request = "q" + std::to_string(i);
    value(other, save_agents("quick", request, R"({"inbound":{"name":"Q"}})"));
    daemon->await("sync.synced", of_request(request));
  }
  open.commit();
  daemon->await("sync.synced", of_request("s3"));
  EXPECT_EQ(stage.sandbox.assistants(), 2);
}

TEST(Saving, AnOpenTransactionThatHoldsMoreThanThereAreSlotsStopsNobodyElse) {
  Stage stage;
  const auto daemon = stage.start_daemon({"engine.in_flight=4", "engine.in_flight_per_org=2"});
  stage.sandbox.set_faults(R"([{"match":{"method":"POST"},"count":8,"delay":{"ms":300}}])");
  for (int i = 0; i < 8; ++i) {
    stage.save("held" + std::to_string(i), "h", R"({"inbound":{"name":"H"}})");
  }
  stage.sandbox.await_requests("POST");
  pqxx::work open(stage.connection);
  for (int i = 0; i < 8; ++i) {
    open.exec(save_agents("held" + std::to_string(i), "h2", R"({"inbound":{"name":"H2"}})"));
  }
  auto other = stage.database.connect();
  value(other, save_agents("quick", "q", R"({"inbound":{"name":"Q"}})"));
  daemon->await("sync.synced", of_request("q"));
  open.commit();
  for (int i = 0; i < 8; ++i) daemon->await("sync.synced", of_request("h2"));
  EXPECT_EQ(stage.sandbox.assistants(), 9);
}

TEST(Saving, WithoutADoorbellTheSafetyPollFindsTheWork) {
  Stage stage;
  const auto daemon = stage.start_daemon({"database.listen_url=host=/nonexistent"});
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(stage.sandbox.assistants(), 1);
}

}  // namespace
}  // namespace vapisync::test
