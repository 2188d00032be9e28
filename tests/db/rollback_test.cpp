// All or nothing: what becomes of the resources, the entries and the save when Vapi refuses a part.
#include "support/judge.hpp"

namespace vapisync::test {
namespace {

using Rollback = Judge;

constexpr const char* both_bad_voice =
    R"({"inbound":{"name":"New in"},"outbound":{"name":"New out","voice":"bad"}})";

TEST_F(Rollback, BothMembersGoBackWhenOneIsRefused) {
  save_and_accept("r1", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
  save("r2", both_bad_voice);
  claim();
  accept("inbound");
  EXPECT_TRUE(refuse("outbound", "voice").due_now);
  EXPECT_EQ(state("r2"), "rolling_back");
  EXPECT_EQ(wanted("inbound", "name"), "In");
  EXPECT_EQ(wanted("outbound", "name || voice"), "OutElliot");
  EXPECT_EQ(live("inbound", "name"), "New in") << "until the put-back is confirmed";
  EXPECT_EQ(in_vapi("inbound", "name"), "New in");

  accept_the_rest();
  EXPECT_EQ(state("r2"), "rolled_back");
  EXPECT_EQ(in_vapi("inbound", "name"), "In");
  EXPECT_EQ(in_vapi("outbound", "name"), "Out");
  EXPECT_EQ(entry("inbound", 2) + entry("outbound", 2), "rolled_backrolled_back");
  EXPECT_EQ(entry("inbound", 3) + entry("outbound", 3), "syncedsynced");
  EXPECT_EQ(wanted("inbound", "in_sync"), "t");
  EXPECT_EQ(state("r1"), "synced");
}

TEST_F(Rollback, AMemberThatWasNeverLiveIsDeletedAgain) {
  save("r1", R"({"inbound":{"name":"In"},"outbound":{"voice":"bad"}})");
  claim();
  accept("inbound");
  refuse("outbound", "voice");
  EXPECT_EQ(value(app, "SELECT count(*) FROM vapisync.agents"), "0");
  EXPECT_EQ(value(app, "SELECT count(*) FROM vapisync.agents_live"), "1");
  claim();
  EXPECT_EQ(claimed["inbound"]->op, core::Op::remove);
  EXPECT_NE(claimed["inbound"]->remote.id, "");
  EXPECT_EQ(claimed["outbound"]->op, core::Op::remove);
  EXPECT_EQ(claimed["outbound"]->remote.id, "") << "nothing is there: confirmed without a call";
  accept("inbound");
  accept("outbound");
  EXPECT_EQ(state("r1"), "rolled_back");
  EXPECT_TRUE(vapi.empty());
  EXPECT_EQ(value(app, "SELECT count(*) FROM vapisync.agents_live"), "0");
}

TEST_F(Rollback, ASaveOfOneAgentGoesBackToo) {
  save_and_accept("r1", R"({"inbound":{"name":"In"}})");
  save("r2", R"({"inbound":{"voice":"bad"}})");
  claim();
  refuse("inbound", "voice.voiceId");
  EXPECT_EQ(wanted("inbound", "voice"), "Elliot");
  EXPECT_EQ(wanted("inbound", "last_error IS NULL"), "t") << "nothing is blocked";
  EXPECT_EQ(wanted("inbound", "pending_request_id"), "r2");
  accept_the_rest();
  EXPECT_EQ(state("r2"), "rolled_back");
  EXPECT_EQ(wanted("inbound", "pending_request_id"), "null");
}

TEST_F(Rollback, ADeletedAgentComesBack) {
  save_and_accept("r1", R"({"inbound":{"name":"In"},"outbound":{}})");
  value(app, test::save("acme", "r2", R"([{"kind":"assistant","key":"inbound","op":"delete"},
      {"kind":"assistant","key":"outbound","ask":{"voice":"bad"}}])"));
  claim();
  accept("inbound");
  EXPECT_EQ(vapi.count("inbound"), 0U);
  refuse("outbound", "voice");
  EXPECT_EQ(wanted("inbound", "name"), "In");
  accept_the_rest();
  EXPECT_EQ(in_vapi("inbound", "name"), "In");
  EXPECT_EQ(state("r2"), "rolled_back");
}

TEST_F(Rollback, ADocumentThatReplacedAnotherGoesBackToIt) {
  save_and_accept("r1", R"({"inbound":{"name":"In","vapi":{"endCallMessage":"Bye"}}})");
  value(app,
        "SELECT vapisync.put_resource('acme', 'assistant', 'inbound', '{\"name\":\"P\"}', 'r2')");
  claim();
  refuse("inbound", "model");
  accept_the_rest();
  EXPECT_EQ(in_vapi("inbound", "endCallMessage"), "Bye");
  EXPECT_EQ(in_vapi("inbound", "name"), "In");
}

TEST_F(Rollback, AMemberStillWaitingIsNeverSentAtAll) {
  save_and_accept("r1", R"({"inbound":{"name":"In"},"outbound":{}})");
  save("r2", both_bad_voice);
  sql("UPDATE vapisync.work w SET due_at = now() + interval '1 hour' FROM vapisync.resources r"
      " WHERE r.resource_id = w.resource_id AND r.key = 'inbound'");
  claim();
  ASSERT_EQ(claimed.size(), 1U);
  refuse("outbound", "voice");
  claim();
  EXPECT_EQ(claimed["inbound"]->version, 3) << "due at once, with what was before";
  accept("inbound");
  accept("outbound");
  EXPECT_EQ(state("r2"), "rolled_back");
  EXPECT_EQ(in_vapi("inbound", "name"), "In");
}

TEST_F(Rollback, AMemberInFlightFinishesAndThenGoesBack) {
  save_and_accept("r1", R"({"inbound":{"name":"In"},"outbound":{}})");
  save("r2", both_bad_voice);
  claim();
  refuse("outbound", "voice");
  EXPECT_TRUE(accept("inbound").due_now) << "its call was on its way";
  EXPECT_EQ(entry("inbound", 2), "rolled_back") << "and is not called synced";
  EXPECT_EQ(state("r2"), "rolling_back");
  accept_the_rest();
  EXPECT_EQ(in_vapi("inbound", "name"), "In");
  EXPECT_EQ(state("r2"), "rolled_back");
}

TEST_F(Rollback, BothMembersRefusedAtOnceAreUndoneOnce) {
  save_and_accept("r1", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
  save("r2", both_bad_voice);
  claim();
  const auto receipts =
      engine.settle({refusal_of("inbound", "name"), refusal_of("outbound", "voice")});
  for (const auto& receipt : receipts) EXPECT_TRUE(receipt.due_now);
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.outbox WHERE cause = 'rollback'"), "2");
  accept_the_rest();
  EXPECT_EQ(state("r2"), "rolled_back");
  EXPECT_EQ(sql("SELECT open_count FROM vapisync.saves WHERE request_id = 'r2'"), "0");
}

TEST_F(Rollback, AnIdThatWasLearntBeforeTheRefusalIsKeptAndItsObjectDeleted) {
  save("r1", R"({"inbound":{"voice":"bad"}})");
  claim();
  auto report = refusal_of("inbound", "voice");
  report.error->code = "not_stored";
  report.remote = confirmed(*claimed["inbound"]).remote;
  engine.settle(report);
  claim();
  EXPECT_EQ(claimed["inbound"]->remote.id, report.remote.id);
  EXPECT_EQ(claimed["inbound"]->op, core::Op::remove);
  accept("inbound");
  EXPECT_EQ(state("r1"), "rolled_back");
}

TEST_F(Rollback, AnObjectOfAnotherResourceRollsTheSaveBack) {
  save_and_accept("r1", R"({"inbound":{}})");
  save("r2", R"({"outbound":{}})");
  claim();
  auto report = confirmed(*claimed["outbound"]);
  report.remote.id = sql("SELECT remote_id FROM vapisync.resources WHERE key = 'inbound'");
  EXPECT_EQ(engine.settle(report).recorded, db::Recorded::done);
  accept_the_rest();
  EXPECT_EQ(state("r2"), "rolled_back");
  EXPECT_EQ(status("r2", "error,code"), "owned_by_other");
}

TEST_F(Rollback, ALateWorkerRollsNothingBack) {
  save("r1", R"({"inbound":{}})");
  const auto late = engine.claim(1, 1, Milliseconds{-1'000});
  ASSERT_EQ(late.size(), 1U);
  claim();
  EXPECT_EQ(engine.settle(failed(late.front(), db::Outcome::rejected)).recorded,
            db::Recorded::lost);
  EXPECT_EQ(state("r1"), "pending");
  accept("inbound");
  EXPECT_EQ(state("r1"), "synced");
}

TEST_F(Rollback, ARefusalDecidesNothingWhenTheResourceWasTouchedMeanwhile) {
  save("r1", R"({"inbound":{}})");
  claim();
  sql("UPDATE vapisync.resources SET generation = generation + 1");
  EXPECT_TRUE(refuse("inbound").due_now);
  EXPECT_EQ(state("r1"), "pending");
}

TEST_F(Rollback, AnOpenRequestIsLookedForBeforeThePutBackEnds) {
  save_and_accept("r1", R"({"inbound":{"name":"In"}})");
  save("r2", R"({"inbound":{"voice":"bad"}})");
  claim();
  auto lost = report(*claimed["inbound"], db::Outcome::retry);
  lost.opens = true;
  engine.settle(lost);
  claim();
  refuse("inbound", "voice");
  EXPECT_EQ(sql("SELECT open_until IS NOT NULL FROM vapisync.work"), "t");
  claim();
  EXPECT_TRUE(claimed["inbound"]->open);
  accept("inbound");
  EXPECT_EQ(state("r2"), "rolled_back");
  EXPECT_EQ(sql("SELECT due_at = open_until + interval '60 s' FROM vapisync.work"), "t");
}

}  // namespace
}  // namespace vapisync::test
