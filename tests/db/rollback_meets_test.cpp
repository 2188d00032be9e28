// A rollback meets applications, other daemons and lost history: nobody waits, nothing is lost.
#include "support/judge.hpp"

namespace vapisync::test {
namespace {

struct RollbackMeets : Judge {
  void SetUp() override {
    save_and_accept("r0", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
    save("bad", R"({"inbound":{"name":"New"},"outbound":{"voice":"bad"}})");
    claim();
    accept("inbound");
  }
};

TEST_F(RollbackMeets, AnApplicationThatHoldsAMemberIsNotWaitedFor) {
  pqxx::work open(app);
  open.exec(save_agents("acme", "edit", R"({"inbound":{"firstMessage":"Hi"}})"));
  EXPECT_EQ(refuse("outbound", "voice").recorded, db::Recorded::held);
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.outbox WHERE cause = 'rollback'"), "0")
      << "all or nothing";
  EXPECT_TRUE(engine.renew(*claimed["outbound"]));
  auto free = database.connect("app_writer");
  value(free, "SET lock_timeout = '1s'");
  value(free, save_agents("acme", "other", R"({"outbound":{"maxDurationSeconds":77}})"));
  open.commit();
  EXPECT_TRUE(refuse("outbound", "voice").due_now);
  accept_the_rest();
  EXPECT_EQ(state("bad"), "rolled_back");
  EXPECT_EQ(status("edit", "success") + status("other", "success"), "truetrue");
  EXPECT_EQ(in_vapi("inbound", "name"), "In");
  EXPECT_EQ(in_vapi("inbound", "firstMessage"), "Hi");
  EXPECT_EQ(in_vapi("outbound", "maxDurationSeconds"), "77");
}

TEST_F(RollbackMeets, AnApplicationThatHoldsTheRefusedAgentIsNotWaitedForEither) {
  pqxx::work open(app);
  open.exec(save_agents("acme", "edit", R"({"outbound":{"firstMessage":"Hi"}})"));
  EXPECT_EQ(refuse("outbound", "voice").recorded, db::Recorded::held);
  open.abort();
  EXPECT_EQ(refuse("outbound", "voice").recorded, db::Recorded::done);
}

TEST_F(RollbackMeets, OthersOfTheBatchAreRecordedWhileOneIsHeld) {
  value(app, save_agents("other", "r", R"({"inbound":{}})"));
  const auto others = engine.claim();
  ASSERT_EQ(others.size(), 1U);
  pqxx::work open(app);
  open.exec(save_agents("acme", "edit", R"({"inbound":{"firstMessage":"Hi"}})"));
  const auto receipts = engine.settle({refusal_of("outbound", "voice"), confirmed(others.front())});
  EXPECT_EQ(receipts[0].recorded, db::Recorded::held);
  EXPECT_EQ(receipts[1].recorded, db::Recorded::done);
}

TEST_F(RollbackMeets, AnEditWhileItIsBeingUndoneSmugglesNothingAlong) {
  refuse("outbound", "voice");
  save("edit", R"({"inbound":{"firstMessage":"Hi"},"outbound":{"firstMessage":"Ho"}})");
  EXPECT_EQ(wanted("inbound", "name || first_message"), "InHi");
  EXPECT_EQ(wanted("outbound", "voice || first_message"), "ElliotHo");
  accept_the_rest();
  EXPECT_EQ(state("bad"), "rolled_back");
  EXPECT_EQ(state("edit"), "synced");
  EXPECT_EQ(in_vapi("inbound", "name"), "In");
}

TEST_F(RollbackMeets, ANewerVersionThatCameDuringTheCallGoesOnWithoutWhatWasRefused) {
  save("edit", R"({"outbound":{"firstMessage":"Hi"}})");
  save("more", R"({"inbound":{"maxDurationSeconds":99}})");
  refuse("outbound", "voice");
  accept_the_rest();
  EXPECT_EQ(state("bad"), "rolled_back");
  EXPECT_EQ(in_vapi("outbound", "firstMessage"), "Hi");
  EXPECT_EQ(in_vapi("outbound", "voice,voiceId"), "Elliot");
  EXPECT_EQ(in_vapi("inbound", "maxDurationSeconds"), "99");
  EXPECT_EQ(in_vapi("inbound", "name"), "In");
  EXPECT_EQ(status("edit", "success") + status("more", "success"), "truetrue");
}

TEST_F(RollbackMeets, AWholeDocumentSavedMeanwhileReplacesThePutBack) {
  refuse("outbound", "voice");
  value(app,
        "SELECT vapisync.put_resource('acme', 'assistant', 'inbound', '{\"name\":\"P\"}', 'p')");
  value(app, "SELECT vapisync.delete_resource('acme', 'assistant', 'outbound', 'd')");
  accept_the_rest();
  EXPECT_EQ(in_vapi("inbound", "name"), "P");
  EXPECT_EQ(vapi.count("outbound"), 0U);
  EXPECT_EQ(state("bad"), "rolled_back");
  EXPECT_EQ(state("p") + state("d"), "syncedsynced");
}

TEST_F(RollbackMeets, ADaemonThatDiesAfterTheRefusalLeavesThePutBacksToAnother) {
  refuse("outbound", "voice");
  claim();  // and is never heard of again
  sql("UPDATE vapisync.work SET leased_until = now() - interval '1 s'");
  claim();
  accept("inbound");
  accept("outbound");
  EXPECT_EQ(state("bad"), "rolled_back");
}

TEST_F(RollbackMeets, ADaemonThatDiesBeforeTheRefusalIsRecordedLeavesItToAnother) {
  sql("UPDATE vapisync.work SET leased_until = now() - interval '1 s'");
  claim();
  refuse("outbound", "voice");
  accept_the_rest();
  EXPECT_EQ(state("bad"), "rolled_back");
  EXPECT_EQ(in_vapi("inbound", "name"), "In");
}

TEST_F(RollbackMeets, ARefusalOfWhatIsBeingUndoneAlreadyDecidesNothing) {
  accept("outbound");
  save("worse", R"({"inbound":{"name":"No"},"outbound":{"voice":"worse"}})");
  claim();
  refuse("inbound", "name");
  EXPECT_TRUE(refuse("outbound", "voice").due_now);
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.attempts WHERE code = 'record'"), "0");
  accept_the_rest();
  EXPECT_EQ(state("bad") + " " + state("worse"), "synced rolled_back");
  EXPECT_EQ(in_vapi("outbound", "voice,voiceId"), "bad");
}

TEST_F(RollbackMeets, HistoryThatIsGoneIsAnErrorAndNeverADelete) {
  sql("DELETE FROM vapisync.outbox o USING vapisync.resources r"
      " WHERE r.resource_id = o.resource_id AND r.key = 'inbound' AND o.version = 1");
  sql("DELETE FROM vapisync.outcomes d USING vapisync.resources r"
      " WHERE r.resource_id = d.resource_id AND r.key = 'inbound' AND d.version = 1");
  EXPECT_EQ(refuse("outbound", "voice").recorded, db::Recorded::done);
  EXPECT_EQ(state("bad"), "pending");
  EXPECT_EQ(wanted("inbound", "name"), "New");
  EXPECT_EQ(sql("SELECT message FROM vapisync.attempts"), "the outcome could not be stored");
  EXPECT_EQ(refusal(admin,
                    "SELECT vapisync.fold(resource_id, 2, ARRAY(SELECT save_id FROM vapisync.saves"
                    " WHERE request_id = 'bad')) FROM vapisync.resources WHERE key = 'inbound'")
                .sqlstate,
            "XX001");
}

TEST_F(RollbackMeets, StatusTellsTheTruthAllTheWay) {
  refuse("outbound", "voice");
  EXPECT_EQ(status("bad", "success"), "null");
  EXPECT_EQ(status("bad", "message"),
            "Vapi refused this save, and it is being undone: Vapi refuses voice");
  EXPECT_EQ(status("bad", "syncedAgentIds"), "[]") << "inbound was synced, and is being put back";
  accept_the_rest();
  EXPECT_EQ(status("bad", "success"), "false");
  EXPECT_EQ(status("bad", "message"),
            "Vapi refused this save, and nothing of it was kept: Vapi refuses voice");
  EXPECT_EQ(status("bad", "error,path"), "voice");
  EXPECT_EQ(status("bad", "details,succeeded"), "[]");
  EXPECT_EQ(status("bad", "details,failed,0,role"), "inbound");
  EXPECT_EQ(status("bad", "details,failed,0,error,message"),
            "undone, because Vapi refused the assistant outbound of the same save");
  EXPECT_EQ(status("bad", "details,failed,0,dbUpdated"), "false");
  EXPECT_EQ(status("bad", "details,failed,0,vapiSynced"), "false");
  EXPECT_EQ(status("bad", "details,failed,1,error,message"), "Vapi refuses voice");
  const auto again = value(
      app, save_agents("acme", "bad", R"({"inbound":{"name":"New"},"outbound":{"voice":"bad"}})"));
  EXPECT_EQ(state("bad"), "rolled_back") << "the same request is the same save: " << again;
  EXPECT_EQ(sql("SELECT jsonb_array_length($json$" + again + "$json$::jsonb -> 'entries')"), "2");
}

TEST_F(RollbackMeets, OnlyTheDaemonMayReject) {
  for (const char* call : {"SELECT vapisync.reject('{}', 'd', 0)",
                           "SELECT vapisync.undo('{}', 1, '{}')", "SELECT vapisync.fold(1, 1)"}) {
    EXPECT_EQ(refusal(app, call).sqlstate, not_allowed) << call;
  }
  auto daemon = database.connect("app_daemon");
  EXPECT_EQ(refusal(daemon, "SELECT vapisync.reject('{}', 'd', 0)").sqlstate, "");
}

}  // namespace
}  // namespace vapisync::test
