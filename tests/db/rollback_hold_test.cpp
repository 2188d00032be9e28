// Saves that hold on to what was refused beside saves that are rolled back, and put-backs that are
// refused themselves.
#include "support/judge.hpp"

namespace vapisync::test {
namespace {

struct RollbackHold : Judge {
  void SetUp() override {
    save_and_accept("r0", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
  }
  std::string blocked(const std::string& role) {
    return sql("SELECT last_error IS NOT NULL FROM vapisync.resources WHERE key = '" + role + "'");
  }
};

using RollbackRefused = RollbackHold;

TEST_F(RollbackHold, ARefusedSaveThatHoldsFailsAndPutsNothingBack) {
  hold("h", R"({"inbound":{"voice":"bad"},"outbound":{"name":"New"}})");
  claim();
  refuse("inbound", "voice");
  accept("outbound");
  EXPECT_EQ(state("h"), "failed");
  EXPECT_EQ(status("h", "details,failed,0,dbUpdated"), "true");
  EXPECT_EQ(status("h", "details,succeeded,0,role"), "outbound");
  EXPECT_EQ(wanted("inbound", "voice"), "bad");
  EXPECT_EQ(blocked("inbound"), "t");
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.work"), "0");
}

TEST_F(RollbackHold, WithoutAFieldTheRollbackGoesBackAndTheHoldFailsButStaysWanted) {
  hold("h", R"({"inbound":{"firstMessage":"Hi"}})");
  save("r", R"({"inbound":{"voice":"bad"}})");
  claim();
  refuse("inbound");
  EXPECT_EQ(state("h") + state("r"), "failedrolling_back");
  EXPECT_EQ(wanted("inbound", "voice || first_message"), "ElliotHi");
  accept_the_rest();
  EXPECT_EQ(state("r"), "rolled_back");
  EXPECT_EQ(in_vapi("inbound", "firstMessage"), "Hi");
}

TEST_F(RollbackHold, GuiltyByItsFieldARollbackLeavesTheHoldPending) {
  hold("h", R"({"inbound":{"firstMessage":"Hi"}})");
  save("r", R"({"inbound":{"voice":"bad"}})");
  claim();
  refuse("inbound", "voice");
  EXPECT_EQ(state("h") + state("r"), "pendingrolling_back");
  accept_the_rest();
  EXPECT_EQ(state("r"), "rolled_back");
  EXPECT_EQ(status("h", "success"), "true");
}

TEST_F(RollbackHold, ARollbackThatARefusedHoldTakesAlongEndsRolledBackAndTheAgentIsBlocked) {
  hold("h", R"({"inbound":{"voice":"bad"}})");
  save("r", R"({"inbound":{"firstMessage":"Hi"},"outbound":{"name":"New"}})");
  claim();
  refuse("inbound", "voice");  // it can't become true while the refused voice stays wanted
  EXPECT_EQ(state("h") + state("r"), "failedrolling_back");
  accept("outbound");
  claimed.clear();
  claim();
  refuse("inbound", "voice");
  accept("outbound");
  EXPECT_EQ(state("r"), "rolled_back") << "nothing of it was ever live here";
  EXPECT_EQ(blocked("inbound"), "t");
  EXPECT_EQ(in_vapi("outbound", "name"), "Out");
  EXPECT_EQ(wanted("inbound", "voice"), "bad");

  save_and_accept("mend", R"({"inbound":{"voice":"Kylie"}})");
  EXPECT_EQ(state("mend"), "synced");
}

TEST_F(RollbackHold, AHoldOnItsOwnIsNotPaidForByWhatVapiHoldsAlready) {
  save("r", R"({"inbound":{"voice":"Kylie"},"outbound":{"name":"New"}})");
  claim();
  accept("inbound");
  hold("h", R"({"inbound":{"voice":"bad"}})");
  claim();
  refuse("inbound", "voice");
  EXPECT_EQ(state("h") + state("r"), "failedpending");
  accept("outbound");
  EXPECT_EQ(state("r"), "synced");
}

TEST_F(RollbackHold, ALaterRollbackLeavesAFailedHoldWanted) {
  hold("h", R"({"inbound":{"voice":"bad","name":"Held"}})");
  claim();
  refuse("inbound", "voice");
  save("r", R"({"inbound":{"voice":"worse"}})");
  claim();
  refuse("inbound", "voice");
  EXPECT_EQ(state("r"), "rolling_back");
  EXPECT_EQ(wanted("inbound", "name || voice"), "Heldbad");
  claim();
  refuse("inbound", "voice");
  EXPECT_EQ(state("r"), "rolled_back");
  EXPECT_EQ(blocked("inbound"), "t");
}

TEST_F(RollbackRefused, APutBackFailsItsSaveWhileVapiHasWhatItAsked) {
  save("r", R"({"inbound":{"name":"New"},"outbound":{"voice":"bad"}})");
  claim();
  accept("inbound");
  refuse("outbound", "voice");
  claim();
  accept("outbound");
  refuse("inbound", "name");  // Vapi does not take the old name back
  EXPECT_EQ(state("r"), "failed");
  EXPECT_EQ(log.count("save.not_undone"), 1);
  EXPECT_EQ(status("r", "success"), "false");
  EXPECT_EQ(
      status("r", "message"),
      "Vapi refused this save, and then refused to have all of it undone: Vapi refuses voice");
  EXPECT_EQ(status("r", "details,succeeded"), "[]");
  EXPECT_EQ(status("r", "details,failed,0,error,path"), "name");
  EXPECT_EQ(status("r", "details,failed,0,dbUpdated"), "false");
  EXPECT_EQ(status("r", "details,failed,1,error,path"), "voice");
  EXPECT_EQ(blocked("inbound"), "t");
  EXPECT_EQ(wanted("inbound", "name || in_sync"), "Infalse");
  EXPECT_EQ(live("inbound", "name"), "New");
  EXPECT_EQ(entry("inbound", 3), "failed");
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.outbox WHERE cause = 'rollback'"), "2")
      << "a put-back is never rolled back";
}

TEST_F(RollbackRefused, APutBackFailsItsSaveWhereNobodyKnowsWhatTheObjectHolds) {
  sql("UPDATE vapisync.resources SET remote_id = NULL, live_version = 0 WHERE key = 'inbound'");
  save("r", R"({"inbound":{"voice":"bad"}})");
  claim();
  refuse("inbound", "voice");
  claim();
  auto refusal = refusal_of("inbound", "name");
  refusal.remote.id = "adopted";  // what an open create of the refused version had made
  refusal.remote.account_id = "account";
  engine.settle(refusal);
  EXPECT_EQ(state("r"), "failed");
  EXPECT_EQ(log.count("save.not_undone"), 1);
}

TEST_F(RollbackRefused, APutBackWhereNothingOfItsSaveIsLiveIsDone) {
  save("r", R"({"inbound":{"voice":"bad"}})");
  claim();
  refuse("inbound", "voice");
  claim();
  refuse("inbound", "name");
  EXPECT_EQ(state("r"), "rolled_back");
  EXPECT_EQ(blocked("inbound"), "t");
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.work"), "0");
  save_and_accept("next", R"({"inbound":{"name":"Next"}})");
  EXPECT_EQ(state("next"), "synced");
}

TEST_F(RollbackRefused, APutBackIsNotJudgedByWhatWasSentWithIt) {
  save("r", R"({"inbound":{"name":"New"},"outbound":{"voice":"bad"}})");
  claim();
  accept("inbound");
  refuse("outbound", "voice");
  save("next", R"({"inbound":{"firstMessage":"too much"}})");
  claim();
  EXPECT_EQ(claimed["inbound"]->version, 4);
  refuse("inbound");
  EXPECT_EQ(state("r") + state("next"), "rolling_backrolling_back");
  accept("outbound");
  accept_the_rest();
  EXPECT_EQ(state("r") + state("next"), "rolled_backrolled_back");
  EXPECT_EQ(in_vapi("inbound", "name"), "In");
}

TEST_F(RollbackRefused, APutBackIsNotJudgedByWhatWasUndoneSince) {
  save("r", R"({"inbound":{"name":"New"},"outbound":{"voice":"bad"}})");
  claim();
  accept("inbound");
  refuse("outbound", "voice");
  save("next", R"({"inbound":{"firstMessage":"too much"},"outbound":{"name":"bad"}})");
  claim();
  refuse("outbound", "name");
  refuse("inbound");
  EXPECT_EQ(state("r") + state("next"), "rolling_backrolling_back");
  accept_the_rest();
  EXPECT_EQ(state("r") + state("next"), "rolled_backrolled_back");
}

TEST_F(RollbackRefused, APutBackIsNotJudgedWhileANewerVersionMayMendIt) {
  save("r", R"({"inbound":{"name":"New"},"outbound":{"voice":"bad"}})");
  claim();
  accept("inbound");
  refuse("outbound", "voice");
  claim();
  accept("outbound");
  save("mend", R"({"inbound":{"name":"Mended"}})");
  EXPECT_TRUE(refuse("inbound", "name").due_now);
  EXPECT_EQ(state("r"), "rolling_back");
  accept_the_rest();
  EXPECT_EQ(state("r"), "rolled_back");
  EXPECT_EQ(in_vapi("inbound", "name"), "Mended");
  EXPECT_EQ(status("mend", "success"), "true");
}

TEST_F(RollbackRefused, ADeleteThatIsRefusedFailsTheSaveThatMadeTheAgent) {
  value(app, test::save("acme", "gone", R"([{"kind":"assistant","key":"inbound","op":"delete"}])"));
  accept_the_rest();
  save("r", R"({"inbound":{"name":"New"},"outbound":{"voice":"bad"}})");
  claim();
  accept("inbound");
  refuse("outbound", "voice");
  claim();
  EXPECT_EQ(claimed["inbound"]->op, core::Op::remove);
  accept("outbound");
  refuse("inbound");
  EXPECT_EQ(state("r"), "failed");
  EXPECT_EQ(live("inbound", "name"), "New");
}

}  // namespace
}  // namespace vapisync::test
