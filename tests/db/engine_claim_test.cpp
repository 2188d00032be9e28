// Claiming: who gets what, and what they learn about it.
#include <gtest/gtest.h>
#include <set>

#include "support/database.hpp"
#include "support/engine.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

struct EngineClaim : ::testing::Test {
  TestDatabase database;
  pqxx::connection app = database.connect("app_writer");
  pqxx::connection admin = database.connect();
  Engine engine{database.url("app_daemon")};

  void save_inbound(const std::string& org, const std::string& request) {
    value(app, save_agents(org, request, R"({"inbound":{"name":")" + request + R"("}})"));
  }
};

TEST_F(EngineClaim, TellsWhatIsWantedOfTheNewestVersion) {
  save_inbound("acme", "r1");
  save_inbound("acme", "r2");
  const auto claims = engine.claim();
  ASSERT_EQ(claims.size(), 1U);
  const auto& claim = claims.front();
  EXPECT_EQ(claim.version, 2);
  EXPECT_EQ(claim.request_id, "r2");
  EXPECT_EQ(claim.org_id, "acme");
  EXPECT_EQ(claim.key, "inbound");
  EXPECT_EQ(claim.op, core::Op::upsert);
  EXPECT_NE(claim.payload.find("\"r2\""), std::string::npos);
  EXPECT_TRUE(claim.remote.id.empty());
  EXPECT_FALSE(claim.open);
  EXPECT_EQ(claim.attempts, 0);
}

TEST_F(EngineClaim, TwoDaemonsNeverHoldTheSameResource) {
  for (int i = 0; i < 50; ++i) save_inbound("org" + std::to_string(i), "r");
  Engine other(database.url("app_daemon"), "other");
  std::set<int64_t> seen;
  for (int round = 0; round < 10; ++round) {
    for (auto* daemon : {&engine, &other}) {
      for (const auto& claim : daemon->claim(5)) {
        EXPECT_TRUE(seen.insert(claim.resource_id).second);
      }
    }
  }
  EXPECT_EQ(seen.size(), 50U);
}

TEST_F(EngineClaim, AnOrgGetsNoMoreThanItsShareAndItsLeasedRowsCount) {
  for (int i = 0; i < 2; ++i) {
    const auto org = "org" + std::to_string(i);
    value(app, save_agents(org, "r", R"({"inbound":{},"outbound":{}})"));
  }
  EXPECT_EQ(engine.claim(100, 1).size(), 2U);
  EXPECT_EQ(engine.claim(100, 1).size(), 0U);
  EXPECT_EQ(engine.claim(100, 2).size(), 2U);
}

TEST_F(EngineClaim, StartsBehindTheGivenOrg) {
  for (const auto* org : {"a", "b", "c"}) save_inbound(org, "r");
  const auto claims = engine.claim(1, 100, Milliseconds{60'000}, "a");
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims.front().org_id, "b");
}

TEST_F(EngineClaim, WorkThatIsNotDueIsLeftAlone) {
  save_inbound("acme", "r1");
  value(admin, "UPDATE vapisync.work SET due_at = now() + interval '1 hour'");
  EXPECT_TRUE(engine.claim().empty());
}

TEST_F(EngineClaim, AKindThatThisBuildDoesNotKnowIsLeftAlone) {
  save_inbound("acme", "r1");
  value(admin, "UPDATE vapisync.work SET kind = 'hologram'");
  EXPECT_TRUE(engine.claim().empty());
  EXPECT_EQ(value(admin, "SELECT count(*) FROM vapisync.work"), "1");
}

TEST_F(EngineClaim, TakingOverALeaseThatRanOutKnowsThatARequestMayBeOnItsWay) {
  save_inbound("acme", "r1");
  ASSERT_EQ(engine.claim(1, 1, Milliseconds{-5'000}).size(), 1U);
  const auto claims = engine.claim();
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_TRUE(claims.front().open);
  EXPECT_GE(claims.front().open_age, Milliseconds{5'000});
  EXPECT_LT(claims.front().open_age, Milliseconds{60'000});
  EXPECT_NE(std::count(claims[0].open_keys.begin(), claims[0].open_keys.end(), "name"), 0);
}

TEST_F(EngineClaim, RenewingWorksOnlyForTheOneWhoHoldsIt) {
  save_inbound("acme", "r1");
  const auto first = engine.claim(1, 1, Milliseconds{-5'000});
  ASSERT_EQ(first.size(), 1U);
  const auto second = engine.claim();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_FALSE(engine.renew(first.front()));
  EXPECT_TRUE(engine.renew(second.front()));
}

TEST_F(EngineClaim, NeverReadsTheQueueFromEndToEndEvenAfterItsStatisticsSawItEmpty) {
  value(admin, "ANALYZE vapisync.work");
  for (int i = 0; i < 300; ++i) save_inbound("org" + std::to_string(i), "r");
  const auto scans = [&] {
    value(admin, "SELECT pg_stat_force_next_flush()");
    return value(admin,
                 "SELECT sum(seq_scan) FROM pg_stat_user_tables"
                 " WHERE relname IN ('work', 'resources', 'outbox', 'saves')");
  };
  engine.claim(1);
  const auto before = scans();
  std::vector<db::Report> reports;
  const auto claims = engine.claim(200);
  for (const auto& claim : claims) reports.push_back(confirmed(claim));
  for (const auto& receipt : engine.settle(reports)) {
    EXPECT_EQ(receipt.recorded, db::Recorded::done);
  }
  EXPECT_EQ(scans(), before);
}

TEST_F(EngineClaim, TheBellTellsWhetherAWriterMayHaveMissedIt) {
  EXPECT_FALSE(engine.writer_at_work_when_arming(Milliseconds{1'000}));
  pqxx::work open(app);
  open.exec(save_agents("acme", "r1", R"({"inbound":{}})"));
  EXPECT_TRUE(engine.writer_at_work_when_arming(Milliseconds{1'000}));
  open.commit();
  EXPECT_FALSE(engine.writer_at_work_when_arming(Milliseconds{1'000}));
}

TEST_F(EngineClaim, ArmingTheBellNeverShortensWhatAnotherDaemonAskedFor) {
  engine.writer_at_work_when_arming(Milliseconds{60'000});
  const auto before = value(admin, "SELECT last_value FROM vapisync.bell");
  engine.writer_at_work_when_arming(Milliseconds{1'000});
  EXPECT_EQ(value(admin, "SELECT last_value FROM vapisync.bell"), before);
}

TEST_F(EngineClaim, WakingMakesWaitingWorkDueAndLeavesClaimsAlone) {
  save_inbound("waiting", "r1");
  save_inbound("flying", "r1");
  value(admin,
        "UPDATE vapisync.work SET due_at = now() + interval '1 hour'"
        " WHERE org_id = 'waiting'");
  ASSERT_EQ(engine.claim().size(), 1U);
  EXPECT_EQ(engine.wake_waiting(), 1);
  const auto claims = engine.claim();
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims.front().org_id, "waiting");
}

}  // namespace
}  // namespace vapisync::test
