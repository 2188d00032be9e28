// Settling: compare-and-set, entries, and what comes next for the resource.
#include "db/settling.hpp"

namespace vapisync::test {
namespace {

struct EngineSettle : Settling {
  void hold_inbound(const std::string& org, const std::string& request) {
    value(app, save_agents_and_hold(org, request, R"({"inbound":{"name":")" + request + R"("}})"));
  }
};

TEST_F(EngineSettle, AConfirmationEndsTheEntryTheSaveAndTheWork) {
  save_inbound("acme", "r1");
  const auto& claim = claim_one();
  EXPECT_EQ(engine.settle(confirmed(claim)).recorded, db::Recorded::done);
  EXPECT_EQ(entry(1), "synced");
  EXPECT_EQ(save_state("r1"), "synced");
  EXPECT_EQ(work("count(*)"), "0");
  EXPECT_EQ(resource("live_version"), "1");
  EXPECT_EQ(resource("remote_id"), confirmed(claim).remote.id);
  EXPECT_EQ(resource("last_synced_at IS NOT NULL"), "t");
}

TEST_F(EngineSettle, AVersionThatCameDuringTheCallIsDueAtOnceAndOlderOnesAreSuperseded) {
  save_inbound("acme", "r1");
  save_inbound("acme", "r2");
  const auto& claim = claim_one();
  save_inbound("acme", "r3");
  const auto receipt = engine.settle(confirmed(claim));
  EXPECT_TRUE(receipt.due_now);
  EXPECT_EQ(entry(1), "superseded");
  EXPECT_EQ(entry(2), "synced");
  EXPECT_EQ(entry(3), "pending");
  EXPECT_EQ(save_state("r1"), "superseded");
  EXPECT_EQ(work("due_at <= now() AND leased_until = '-infinity' AND attempts = 0"), "t");
}

TEST_F(EngineSettle, ALateWorkerWritesNothing) {
  save_inbound("acme", "r1");
  auto late = engine.claim(1, 1, Milliseconds{-1'000});
  ASSERT_EQ(late.size(), 1U);
  const auto& current = claim_one();
  EXPECT_EQ(engine.settle(confirmed(late.front())).recorded, db::Recorded::lost);
  EXPECT_EQ(resource("live_version"), "0");
  EXPECT_EQ(save_state("r1"), "pending");
  EXPECT_EQ(engine.settle(confirmed(current)).recorded, db::Recorded::done);
  EXPECT_EQ(engine.settle(confirmed(current)).recorded, db::Recorded::lost) << "only once";
}

TEST_F(EngineSettle, ARejectionFailsTheEntryAndBlocksTheResourceUntilTheNextVersion) {
  hold_inbound("acme", "r1");
  const auto& claim = claim_one();
  engine.settle(failed(claim, db::Outcome::rejected));
  EXPECT_EQ(entry(1), "failed");
  EXPECT_EQ(save_state("r1"), "failed");
  EXPECT_EQ(work("count(*)"), "0");
  EXPECT_EQ(resource("last_error->>'message'"), "voice must be a string");
  EXPECT_EQ(value(admin, "SELECT error->>'path' FROM vapisync.saves"), "voice");
  EXPECT_EQ(value(admin, "SELECT status FROM vapisync.attempts"), "400");
  save_inbound("acme", "r2");
  EXPECT_EQ(resource("last_error IS NULL"), "t");
  EXPECT_EQ(claim_one().version, 2);
}

TEST_F(EngineSettle, ARejectionOfAnOldVersionFailsItAndTheNewOneGoesOn) {
  hold_inbound("acme", "r1");
  const auto& claim = claim_one();
  save_inbound("acme", "r2");
  EXPECT_TRUE(engine.settle(failed(claim, db::Outcome::rejected)).due_now);
  EXPECT_EQ(entry(1), "failed");
  EXPECT_EQ(entry(2), "pending");
  EXPECT_EQ(resource("last_error IS NULL"), "t");
}

TEST_F(EngineSettle, ARejectionDecidesNothingWhenTheResourceWasTouchedMeanwhile) {
  save_inbound("acme", "r1");
  const auto& claim = claim_one();
  value(admin, "UPDATE vapisync.resources SET generation = generation + 1");
  EXPECT_TRUE(engine.settle(failed(claim, db::Outcome::rejected)).due_now);
  EXPECT_EQ(entry(1), "pending");
  EXPECT_EQ(save_state("r1"), "pending");
  EXPECT_EQ(work("due_at <= now() AND leased_until = '-infinity'"), "t");
}

TEST_F(EngineSettle, ARetryWaitsBurnsAnAttemptAndIsRemembered) {
  save_inbound("acme", "r1");
  const auto& claim = claim_one();
  auto later = failed(claim, db::Outcome::retry);
  later.delay = Milliseconds{60'000};
  later.burn = true;
  engine.settle(later);
  EXPECT_EQ(work("due_at > now() + interval '50 s' AND attempts = 1"), "t");
  EXPECT_EQ(work("open_until IS NULL"), "t");
  EXPECT_EQ(value(admin, "SELECT code FROM vapisync.attempts"), "http_400");
  EXPECT_EQ(save_state("r1"), "pending");
  save_inbound("acme", "r2");
  EXPECT_EQ(work("due_at <= now() AND attempts = 0"), "t") << "a new version does not wait";
}

TEST_F(EngineSettle, AReleaseLeavesEverythingAsItWas) {
  save_inbound("acme", "r1");
  const auto due = work("due_at");
  engine.settle(report(claim_one(), db::Outcome::released));
  EXPECT_EQ(work("due_at"), due);
  EXPECT_EQ(work("leased_until"), "-infinity");
  EXPECT_EQ(work("attempts"), "0");
}

TEST_F(EngineSettle, AnOpenRequestKeepsTheWorkUntilALastLook) {
  save_inbound("acme", "r1");
  auto lost = report(claim_one(), db::Outcome::retry);
  lost.opens = true;
  engine.settle(lost);
  EXPECT_EQ(work("open_until IS NOT NULL"), "t");

  const auto& again = claim_one();
  EXPECT_TRUE(again.open);
  engine.settle(confirmed(again));
  EXPECT_EQ(save_state("r1"), "synced");
  EXPECT_EQ(work("due_at = open_until + interval '60 s'"), "t") << "the last look is due then";

  value(admin, "UPDATE vapisync.work SET due_at = now()");
  const auto& look = claim_one();
  auto closed = confirmed(look);
  closed.clears_open = true;
  engine.settle(closed);
  EXPECT_EQ(work("count(*)"), "0");
}

TEST_F(EngineSettle, AnOpenRequestIsNeverMadeYounger) {
  save_inbound("acme", "r1");
  auto lost = report(claim_one(), db::Outcome::retry);
  lost.opens = true;
  engine.settle(lost);
  value(admin, "UPDATE vapisync.work SET open_until = now() + interval '1 hour'");
  const auto& claim = claim_one();
  auto again = report(claim, db::Outcome::retry);
  again.opens = true;
  engine.settle(again);
  EXPECT_EQ(work("open_until > now() + interval '50 min'"), "t");
}

TEST_F(EngineSettle, AForgottenIdIsGoneAndTheResourceDue) {
  save_inbound("acme", "r1");
  engine.settle(confirmed(claim_one()));
  save_inbound("acme", "r2");
  const auto& claim = claim_one();
  auto gone = failed(claim, db::Outcome::forgotten);
  gone.remote = {};
  EXPECT_TRUE(engine.settle(gone).due_now);
  EXPECT_EQ(resource("remote_id IS NULL AND live_version = 0"), "t");
  EXPECT_EQ(save_state("r2"), "pending");
}

TEST_F(EngineSettle, AnIdThatIsLearntBeforeAFailureIsKept) {
  save_inbound("acme", "r1");
  const auto& claim = claim_one();
  auto later = confirmed(claim);
  later.outcome = db::Outcome::retry;
  engine.settle(later);
  EXPECT_EQ(resource("remote_id"), later.remote.id);
  EXPECT_EQ(resource("live_version"), "0");
}

TEST_F(EngineSettle, WhatAWriterHoldsIsToldApartAndTheRestOfTheBatchIsRecorded) {
  save_inbound("held", "r1");
  save_inbound("free", "r1");
  const auto claims = engine.claim();
  ASSERT_EQ(claims.size(), 2U);
  pqxx::work open(app);
  open.exec(save_agents("held", "r2", R"({"inbound":{"name":"later"}})"));
  std::vector<db::Report> reports{confirmed(claims[0]), confirmed(claims[1])};
  const auto receipts = engine.settle(reports);
  for (size_t i = 0; i < claims.size(); ++i) {
    EXPECT_EQ(receipts[i].recorded,
              claims[i].org_id == "held" ? db::Recorded::held : db::Recorded::done);
  }
  open.commit();
  const size_t held = claims[0].org_id == "held" ? 0 : 1;
  const auto receipt = engine.settle(reports[held]);
  EXPECT_EQ(receipt.recorded, db::Recorded::done);
  EXPECT_TRUE(receipt.due_now);
}

TEST_F(EngineSettle, AnObjectThatAnotherResourceHoldsIsRefusedAndTheBatchGoesOn) {
  save_inbound("first", "r1");
  save_inbound("second", "r1");
  const auto claims = engine.claim();
  ASSERT_EQ(claims.size(), 2U);
  std::vector<db::Report> reports{confirmed(claims[0]), confirmed(claims[1])};
  reports[1].remote.id = reports[0].remote.id;
  for (const auto& receipt : engine.settle(reports)) {
    EXPECT_EQ(receipt.recorded, db::Recorded::done);
  }
  EXPECT_EQ(value(admin, "SELECT count(*) FROM vapisync.resources WHERE remote_id IS NOT NULL"),
            "1");
  EXPECT_EQ(value(admin,
                  "SELECT count(*) FROM vapisync.outcomes"
                  " WHERE error->>'code' = 'owned_by_other'"),
            "1");
}

TEST_F(EngineSettle, FurtherObjectsWithOurMarkerAreListedAsLeftovers) {
  save_inbound("acme", "r1");
  const auto& claim = claim_one();
  auto done = confirmed(claim);
  done.leftovers = {{"account", "twin", "duplicate"}};
  engine.settle(done);
  EXPECT_EQ(value(admin, "SELECT remote_id FROM vapisync.leftovers"), "twin");
}

}  // namespace
}  // namespace vapisync::test
