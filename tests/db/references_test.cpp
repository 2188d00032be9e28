// References between resources, as a save writes them and the daemon's statements follow them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "support/database.hpp"
#include "support/engine.hpp"
#include "support/log_capture.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

constexpr const char* tool =
    R"({"kind":"tool","key":"kb","payload":{"type":"function","function":{"name":"kb"}}})";
constexpr const char* agent_with_tool =
    R"({"kind":"assistant","key":"inbound","ask":{"vapi":{"model":{"toolIds":[{"$ref":"tool/kb"}]}}}})";
constexpr const char* agent_without_tool =
    R"({"kind":"assistant","key":"inbound","ask":{"vapi":{"model":{"toolIds":[]}}}})";
constexpr const char* no_tool = R"({"kind":"tool","key":"kb","op":"delete"})";

std::string changes(std::initializer_list<std::string> parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "[" : ",") + part;
  return out + "]";
}

struct References : testing::Test {
  LogCapture log;
  TestDatabase database;
  pqxx::connection admin{database.url()};
  pqxx::connection app{database.url("app_writer")};
  Engine engine{database.url("app_daemon")};

  std::string sql(const std::string& statement) { return value(admin, statement); }
  void put(const std::string& request, std::initializer_list<std::string> parts) {
    value(app, save("acme", request, changes(parts)));
  }
  Refusal refused(std::initializer_list<std::string> parts) {
    return refusal(app, save("acme", "refused", changes(parts)));
  }
  std::map<std::string, db::Claim> claim() {
    std::map<std::string, db::Claim> out;
    for (auto& claim : engine.claim()) {
      const auto key = claim.key;
      out.emplace(key, std::move(claim));
    }
    return out;
  }
  /// The report of a syncer that waits for other resources.
  static db::Report waiting(const db::Claim& claim) {
    auto waits = report(claim, db::Outcome::retry);
    waits.waits = true;
    waits.delay = Milliseconds{30'000};
    return waits;
  }
  static db::Report confirmed_with_refs(const db::Claim& claim) {
    auto done = confirmed(claim);
    for (const auto& reference : claim.references) done.live_refs.push_back(reference.resource_id);
    return done;
  }
  static db::Report removed(const db::Claim& claim) {
    auto done = report(claim, db::Outcome::confirmed);
    done.remote = {};
    return done;
  }
  /// Both converge, tool first.
  void converge_both() {
    put("both", {tool, agent_with_tool});
    auto first = claim();
    engine.settle(confirmed(first.at("kb")));
    engine.settle(waiting(first.at("inbound")));
    auto second = claim();
    engine.settle(confirmed_with_refs(second.at("inbound")));
    ASSERT_EQ(sql("SELECT count(*) FROM vapisync.work"), "0");
  }
  std::string links() {
    return sql(
        "SELECT coalesce(string_agg(a.key || '>' || b.key || CASE WHEN in_desired THEN ' desired' "
        "ELSE '' END"
        " || CASE WHEN in_live THEN ' live' ELSE '' END, ', '), '')"
        " FROM vapisync.resource_refs f JOIN vapisync.resources a USING (resource_id)"
        " JOIN vapisync.resources b ON b.resource_id = f.refers_to WHERE in_desired OR in_live");
  }
};

TEST_F(References, DefaultOfARoleMayReferToATool) {
  sql("UPDATE vapisync.agent_defaults SET document = document || '{\"x\": {\"$ref\": "
      "\"tool/kb\"}}'");
  put("tool", {tool});
  put("agent", {R"({"kind":"assistant","key":"inbound","ask":{"name":"Anna"}})"});
  EXPECT_EQ(sql("SELECT r.key FROM vapisync.resource_refs f JOIN vapisync.resources r"
                " ON r.resource_id = f.refers_to WHERE f.in_desired"),
            "kb");
}

TEST_F(References, MayBeMadeToWhatTheSameSaveMakes) {
  put("both", {agent_with_tool, tool});
  EXPECT_EQ(links(), "inbound>kb desired");
}

TEST_F(References, ToWhatDoesNotExistAreRefusedWithTheirPlace) {
  const auto answer = refused({agent_with_tool});
  EXPECT_EQ(answer.sqlstate, invalid_parameter);
  EXPECT_THAT(answer.message,
              testing::HasSubstr(
                  "changes[0].ask.vapi.model.toolIds[0]: refers to tool/kb, which does not exist"));
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.saves"), "0");
}

TEST_F(References, ToWhatIsDeletedAreRefused) {
  put("tool", {tool});
  put("gone", {no_tool});
  EXPECT_THAT(refused({agent_with_tool}).message,
              testing::HasSubstr("refers to tool/kb, which is deleted"));
  EXPECT_THAT(
      refusal(app,
              save_agents("acme", "r",
                          R"({"inbound":{"vapi":{"model":{"toolIds":[{"$ref":"tool/kb"}]}}}})"))
          .message,
      testing::HasSubstr("agents.inbound.vapi.model.toolIds[0]: refers to tool/kb"));
}

TEST_F(References, OtherKeysWithADollarStayReserved) {
  for (const auto* model : {R"({"$ref":"tool/kb","x":1})", R"({"$ref":7})", R"({"$ref":"kb"})",
                            R"({"$ref":"squad/a"})", R"({"$other":"tool/kb"})"}) {
    const auto answer =
        refused({tool, std::string(R"({"kind":"assistant","key":"inbound","payload":{"model":)") +
                           model + "}}"});
    EXPECT_THAT(answer.message, testing::HasSubstr("changes[1].payload.model.$")) << model;
    EXPECT_THAT(answer.message, testing::HasSubstr("are reserved")) << model;
  }
  EXPECT_THAT(
      refused({R"({"kind":"assistant","key":"inbound","payload":{"$ref":"tool/kb"}})"}).message,
      testing::HasSubstr("changes[0].payload.$ref: keys that begin with $ are reserved"));
  for (const std::string part : {"vapi", "voice"}) {
    EXPECT_THAT(refused({R"({"kind":"assistant","key":"inbound","ask":{")" + part +
                         R"(":{"$ref":"tool/kb"}}})"})
                    .message,
                testing::HasSubstr("changes[0].ask." + part + ".$ref: keys that begin with $"));
  }
}

TEST_F(References, OnlyAssistantsAreAskedForByFields) {
  EXPECT_THAT(refused({R"({"kind":"tool","key":"kb","ask":{"name":"x"}})"}).message,
              testing::HasSubstr("changes[0].ask: is for assistants"));
}

TEST_F(References, AreOneValueThatAnotherReplaces) {
  put("first",
      {tool, agent_with_tool, R"({"kind":"tool","key":"b","payload":{"type":"endCall"}})"});
  value(app,
        save_agents("acme", "r1", R"({"inbound":{"vapi":{"metadata":{"t":{"$ref":"tool/kb"}}}}})"));
  value(app,
        save_agents("acme", "r2", R"({"inbound":{"vapi":{"metadata":{"t":{"$ref":"tool/b"}}}}})"));
  EXPECT_EQ(
      sql("SELECT o.payload #>> '{metadata,t}' FROM vapisync.outbox o JOIN vapisync.resources r"
          " USING (resource_id) WHERE r.key = 'inbound' ORDER BY version DESC LIMIT 1"),
      R"({"$ref": "tool/b"})");
}

TEST_F(References, InACircleAreRefused) {
  const auto answer =
      refused({R"({"kind":"tool","key":"kb","payload":{"type":"handoff","destinations":
                   [{"type":"assistant","assistantId":{"$ref":"assistant/inbound"}}]}})",
               agent_with_tool});
  EXPECT_EQ(answer.sqlstate, invalid_parameter);
  EXPECT_THAT(answer.message, testing::HasSubstr("refers to itself over others"));
}

TEST_F(References, ALongChainIsRefused) {
  std::string chain;
  for (int i = 0; i < 25; ++i) {
    const auto next =
        i == 24 ? std::string("{}") : R"({"$ref":"tool/t)" + std::to_string(i + 1) + R"("})";
    chain += (i > 0 ? "," : "") + (R"({"kind":"tool","key":"t)" + std::to_string(i) +
                                   R"(","payload":{"type":"endCall","next":)" + next + "}}");
  }
  EXPECT_THAT(refused({chain}).message, testing::HasSubstr("over more than 20"));
}

// Whoever records a reference must not wait for an application that holds its target.
TEST_F(References, AreRecordedWithoutWaitingForTheirTargets) {
  converge_both();
  value(app, save_agents("acme", "edit", R"({"inbound":{"name":"Edited"}})"));
  auto edited = claim();
  put("without", {agent_without_tool});  // the pair goes when it is not live any more
  sql("DELETE FROM vapisync.resource_refs");
  pqxx::connection holder{database.url()};
  pqxx::work tx(holder);
  tx.exec("SELECT FROM vapisync.resources WHERE key = 'kb' FOR UPDATE");
  EXPECT_EQ(engine.settle(confirmed_with_refs(edited.at("inbound"))).recorded, db::Recorded::done);
  EXPECT_EQ(links(), "inbound>kb live");
}

TEST_F(References, WhatWasRefusedBecauseOfATargetIsTriedAgainWhenThatConverges) {
  put("both", {tool, agent_with_tool});
  sql("UPDATE vapisync.saves SET on_reject = 'hold'");
  auto first = claim();
  auto refused = failed(first.at("inbound"), db::Outcome::rejected);
  refused.error->code = "reference_gone";
  engine.settle(refused);
  EXPECT_EQ(sql("SELECT last_error IS NOT NULL FROM vapisync.resources WHERE key = 'inbound'"),
            "t");
  auto same = confirmed(first.at("kb"));
  sql("UPDATE vapisync.resources SET remote_id = '" + same.remote.id + "' WHERE key = 'kb'");
  engine.settle(same);
  EXPECT_TRUE(claim().contains("inbound"));
}

TEST_F(References, WhatIsReferredToCanNotBeDeletedAlone) {
  put("both", {tool, agent_with_tool});
  const auto answer = refused({no_tool});
  EXPECT_EQ(answer.sqlstate, invalid_parameter);
  EXPECT_THAT(answer.message,
              testing::HasSubstr("changes[0].key: cannot be deleted: assistant/inbound refers"));
  put("together", {no_tool, agent_without_tool});
  EXPECT_EQ(links(), "");
}

TEST_F(References, AreToldToWhoeverClaims) {
  put("both", {tool, agent_with_tool});
  auto first = claim();
  ASSERT_EQ(first.at("inbound").references.size(), 1U);
  EXPECT_EQ(first.at("inbound").references[0].name, "tool/kb");
  EXPECT_EQ(first.at("inbound").references[0].state, core::Others::waiting);
  EXPECT_TRUE(first.at("kb").references.empty());
  engine.settle(confirmed(first.at("kb")));
  engine.settle(waiting(first.at("inbound")));
  const auto again = claim().at("inbound");
  EXPECT_EQ(again.references[0].state, core::Others::ready);
  EXPECT_EQ(again.references[0].remote_id, "remote-" + std::to_string(first.at("kb").resource_id));
}

TEST_F(References, WhatWaitsIsWokenWhenItsTargetConverges) {
  put("both", {tool, agent_with_tool});
  auto first = claim();
  engine.settle(waiting(first.at("inbound")));
  ASSERT_EQ(claim().size(), 0U) << "it waits";
  engine.settle(confirmed(first.at("kb")));
  EXPECT_TRUE(claim().contains("inbound"));
}

TEST_F(References, WhatIsSettledTogetherWithItsTargetDoesNotWait) {
  put("both", {tool, agent_with_tool});
  auto first = claim();
  const auto receipts = engine.settle({waiting(first.at("inbound")), confirmed(first.at("kb"))});
  EXPECT_EQ(receipts[1].recorded, db::Recorded::held) << "its dependent is in the same batch";
  engine.settle(confirmed(first.at("kb")));
  EXPECT_TRUE(claim().contains("inbound"));
}

TEST_F(References, WhatWaitsIsWokenWhenItsTargetIsBlocked) {
  put("both", {tool, agent_with_tool});
  sql("UPDATE vapisync.saves SET on_reject = 'hold'");
  auto first = claim();
  engine.settle(waiting(first.at("inbound")));
  engine.settle(failed(first.at("kb"), db::Outcome::rejected));
  const auto again = claim();
  ASSERT_TRUE(again.contains("inbound"));
  EXPECT_EQ(again.at("inbound").references[0].state, core::Others::hopeless);
}

TEST_F(References, ATargetWithAnotherIdTouchesWhatRefersToIt) {
  converge_both();
  sql("UPDATE vapisync.resources SET generation = generation + 1 WHERE key = 'kb'");
  sql("SELECT vapisync.ensure_work(org_id, kind, resource_id, true) FROM vapisync.resources"
      " WHERE key = 'kb'");
  auto tool_claim = claim().at("kb");
  auto moved = confirmed(tool_claim);
  moved.remote.id = "another-id";
  EXPECT_EQ(engine.settle(moved).recorded, db::Recorded::done);
  const auto touched = claim();
  ASSERT_TRUE(touched.contains("inbound"));
  EXPECT_EQ(touched.at("inbound").references[0].remote_id, "another-id");
}

TEST_F(References, ATargetsNewIdIsNotRecordedWhileADependentIsHeld) {
  put("both", {tool, agent_with_tool});
  auto first = claim();
  engine.settle(waiting(first.at("inbound")));
  pqxx::connection writer{database.url("app_writer")};
  pqxx::connection holder{database.url()};
  {
    pqxx::work tx(holder);
    tx.exec("SELECT FROM vapisync.resources WHERE key = 'inbound' FOR UPDATE");
    EXPECT_EQ(engine.settle(confirmed(first.at("kb"))).recorded, db::Recorded::held);
  }
  EXPECT_EQ(engine.settle(confirmed(first.at("kb"))).recorded, db::Recorded::done);
}

TEST_F(References, OfTheLiveDocumentAreKnownBesideTheWantedOnes) {
  converge_both();
  EXPECT_EQ(links(), "inbound>kb desired live");
  put("without", {agent_without_tool});
  EXPECT_EQ(links(), "inbound>kb live");
  engine.settle(confirmed(claim().at("inbound")));
  EXPECT_EQ(links(), "");
}

TEST_F(References, ADeleteWaitsUntilTheLiveDocumentLetsGo) {
  converge_both();
  put("together", {no_tool, agent_without_tool});
  auto first = claim();
  EXPECT_EQ(first.at("kb").referrers, core::Others::waiting);
  engine.settle(waiting(first.at("kb")));
  ASSERT_EQ(claim().size(), 0U) << "it waits";
  engine.settle(confirmed(first.at("inbound")));
  const auto again = claim();
  ASSERT_TRUE(again.contains("kb"));
  EXPECT_EQ(again.at("kb").referrers, core::Others::ready);
}

TEST_F(References, ADeleteIsHopelessWhileWhatRefersToItIsBlocked) {
  converge_both();
  put("together", {no_tool, agent_without_tool});
  sql("UPDATE vapisync.saves SET on_reject = 'hold'");
  auto first = claim();
  engine.settle(waiting(first.at("kb")));
  engine.settle(failed(first.at("inbound"), db::Outcome::rejected));
  EXPECT_EQ(claim().at("kb").referrers, core::Others::hopeless);
}

TEST_F(References, ADeletedDocumentRefersToNothing) {
  converge_both();
  put("together", {no_tool, R"({"kind":"assistant","key":"inbound","op":"delete"})"});
  auto first = claim();
  EXPECT_EQ(first.at("kb").referrers, core::Others::waiting);
  engine.settle(waiting(first.at("kb")));
  engine.settle(removed(first.at("inbound")));
  EXPECT_EQ(claim().at("kb").referrers, core::Others::ready);
}

TEST_F(References, ACircleThatSlippedThroughIsHopeless) {
  put("both", {tool, agent_with_tool});
  sql("INSERT INTO vapisync.resource_refs (resource_id, refers_to, in_desired)"
      " SELECT a.resource_id, b.resource_id, true FROM vapisync.resources a, vapisync.resources b"
      " WHERE a.key = 'kb' AND b.key = 'inbound'");
  EXPECT_EQ(claim().at("inbound").references[0].state, core::Others::hopeless);
}

TEST_F(References, ARolledBackSaveTakesItsReferencesBack) {
  converge_both();
  put("second",
      {R"({"kind":"tool","key":"b","payload":{"type":"endCall"}})",
       R"({"kind":"assistant","key":"inbound","ask":{"vapi":{"model":{"toolIds":[{"$ref":"tool/b"}]}}}})"});
  auto first = claim();
  engine.settle(waiting(first.at("inbound")));
  engine.settle(failed(first.at("b"), db::Outcome::rejected));
  EXPECT_EQ(links(), "inbound>kb desired live");
  EXPECT_EQ(sql("SELECT op FROM vapisync.outbox o JOIN vapisync.resources r USING (resource_id)"
                " WHERE r.key = 'b' ORDER BY version DESC LIMIT 1"),
            "delete");
}

TEST_F(References, OfAnotherOrgAreNotReached) {
  put("tool", {tool});
  EXPECT_THAT(refusal(app, save("other", "r", changes({agent_with_tool}))).message,
              testing::HasSubstr("refers to tool/kb, which does not exist"));
}

}  // namespace
}  // namespace vapisync::test
