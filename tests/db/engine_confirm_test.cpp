// The short way to record a confirmation must end versions and saves as the long one does, and
// leave to it whatever it can't decide.
#include <future>
#include <thread>

#include "db/settling.hpp"

namespace vapisync::test {
namespace {

struct EngineConfirm : Settling {
  /// From now on an update of it needs no more than a confirmation.
  void make_live(const std::string& org) {
    save_inbound(org, "first " + org);
    ASSERT_EQ(engine.settle(confirmed(claim_one())).recorded, db::Recorded::done);
  }
  /// Until a statement waits for a lock.
  void await_waiting_backend() {
    auto watcher = database.connect();
    while (value(watcher, "SELECT count(*) FROM pg_locks WHERE NOT granted") == "0") {
      std::this_thread::yield();
    }
  }
};

TEST_F(EngineConfirm, AnUpdateEndsItsVersionOlderOnesTheSavesAndTheWork) {
  make_live("acme");
  save_inbound("acme", "r2");
  save_inbound("acme", "r3");
  auto done = confirmed(claim_one());
  done.remote.sent_keys = {"name", "a \"quoted\" {key}, \\"};
  EXPECT_EQ(engine.settle(done).recorded, db::Recorded::done);
  EXPECT_EQ(entry(2), "superseded");
  EXPECT_EQ(entry(3), "synced");
  EXPECT_EQ(save_state("r2"), "superseded");
  EXPECT_EQ(save_state("r3"), "synced");
  EXPECT_EQ(resource("live_version || ' ' || settled_version || ' ' || live_hash"), "3 3 hash-3");
  EXPECT_EQ(resource("sent_keys[2]"), "a \"quoted\" {key}, \\");
  EXPECT_EQ(value(admin, "SELECT count(*) FROM vapisync.work"), "0");
}

TEST_F(EngineConfirm, ASaveOfTwoEndsWithItsLast) {
  value(app, save_agents("acme", "r1", R"({"inbound":{"name":"a"},"outbound":{"name":"b"}})"));
  for (const auto& claim : engine.claim()) engine.settle(confirmed(claim));
  value(app, save_agents("acme", "r2", R"({"inbound":{"name":"c"},"outbound":{"name":"d"}})"));
  engine.settle(confirmed(claim_one()));
  EXPECT_EQ(save_state("r2"), "pending");
  engine.settle(confirmed(claim_one()));
  EXPECT_EQ(save_state("r2"), "synced");
}

TEST_F(EngineConfirm, ABatchHasItsReceiptsInOrder) {
  for (const std::string org : {"a", "b", "c"}) make_live(org);
  for (const std::string org : {"a", "b", "c"}) save_inbound(org, "second " + org);
  const auto claims = engine.claim();
  ASSERT_EQ(claims.size(), 3U);
  const auto& refused = claims[0];
  const auto& plain = claims[1];
  const auto& moved_on = claims[2];
  save_inbound(moved_on.org_id, "third");
  const auto receipts = engine.settle(
      {failed(refused, db::Outcome::rejected), confirmed(plain), confirmed(moved_on)});
  ASSERT_EQ(receipts.size(), 3U);
  EXPECT_EQ(receipts[0].recorded, db::Recorded::done);
  EXPECT_EQ(save_state("second " + refused.org_id), "rolling_back");
  EXPECT_FALSE(receipts[1].due_now);
  EXPECT_EQ(receipts[1].recorded, db::Recorded::done);
  EXPECT_TRUE(receipts[2].due_now) << "a newer version came during the call";
  EXPECT_EQ(save_state("second " + plain.org_id), "synced");
  EXPECT_EQ(save_state("second " + moved_on.org_id), "synced");
  EXPECT_EQ(save_state("third"), "pending");
}

TEST_F(EngineConfirm, WhatAWriterHoldsWaitsAndALateWorkerWritesNothing) {
  make_live("acme");
  save_inbound("acme", "r2");
  auto late = engine.claim(1, 1, Milliseconds{-1'000});
  ASSERT_EQ(late.size(), 1U);
  const auto& current = claim_one();
  EXPECT_EQ(engine.settle(confirmed(late.front())).recorded, db::Recorded::lost);
  EXPECT_EQ(save_state("r2"), "pending");
  {
    pqxx::work writer(admin);
    writer.exec("SELECT FROM vapisync.resources FOR UPDATE");
    EXPECT_EQ(engine.settle(confirmed(current)).recorded, db::Recorded::held);
  }
  EXPECT_EQ(engine.settle(confirmed(current)).recorded, db::Recorded::done);
  EXPECT_EQ(save_state("r2"), "synced");
}

TEST_F(EngineConfirm, WhatFailsBesideItIsReportedAgainAndCostsNoMoreThanALook) {
  for (const std::string org : {"a", "b"}) make_live(org);
  for (const std::string org : {"a", "b"}) save_inbound(org, "second " + org);
  const auto claims = engine.claim();
  ASSERT_EQ(claims.size(), 2U);
  std::vector batch{failed(claims[0], db::Outcome::retry), confirmed(claims[1])};
  batch[1].wrote = true;
  value(admin, "ALTER TABLE vapisync.attempts RENAME TO elsewhere");
  EXPECT_FALSE(engine.wait(engine.store().settle(batch)));
  EXPECT_EQ(save_state("second " + claims[1].org_id), "synced");
  value(admin, "ALTER TABLE vapisync.elsewhere RENAME TO attempts");
  const auto receipts = engine.settle(batch);
  EXPECT_EQ(receipts[0].recorded, db::Recorded::done);
  EXPECT_EQ(receipts[1].recorded, db::Recorded::lost);
  EXPECT_EQ(save_state("second " + claims[1].org_id), "synced");
}

TEST_F(EngineConfirm, WhatWasTouchedMeanwhileIsLookedAtAgain) {
  make_live("acme");
  save_inbound("acme", "r2");
  const auto& claim = claim_one();
  value(admin, "UPDATE vapisync.resources SET generation = generation + 1");
  EXPECT_TRUE(engine.settle(confirmed(claim)).due_now);
  EXPECT_EQ(save_state("r2"), "synced");
  EXPECT_EQ(value(admin, "SELECT count(*) FROM vapisync.work WHERE due_at <= now()"), "1");
}

TEST_F(EngineConfirm, ARequestThatMayYetLandIsWaitedFor) {
  make_live("acme");
  save_inbound("acme", "r2");
  const auto& claim = claim_one();
  value(admin, "UPDATE vapisync.work SET open_until = now()");
  EXPECT_EQ(engine.settle(confirmed(claim)).recorded, db::Recorded::done);
  EXPECT_EQ(value(admin, "SELECT due_at > now() FROM vapisync.work"), "t") << "a last look is due";
}

TEST_F(EngineConfirm, ATakeOverWhileItLooksIsNotMissed) {
  make_live("acme");
  save_inbound("acme", "r2");
  const auto& late = claim_one();
  pqxx::work other(admin);
  other.exec("UPDATE vapisync.work SET token = token + 1");
  auto receipt = std::async(std::launch::async, [&] { return engine.settle(confirmed(late)); });
  await_waiting_backend();
  other.commit();
  EXPECT_EQ(receipt.get().recorded, db::Recorded::lost);
  EXPECT_EQ(value(admin, "SELECT count(*) FROM vapisync.work"), "1");
}

TEST_F(EngineConfirm, KeysThatWereSentBeforeStayKnown) {
  make_live("acme");
  save_inbound("acme", "r2");
  engine.settle(confirmed(claim_one()));
  EXPECT_EQ(resource("sent_keys"), "{name}");
  EXPECT_EQ(resource("last_error IS NULL"), "t");
}

}  // namespace
}  // namespace vapisync::test
