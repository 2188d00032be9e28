// Claiming: who gets what, and what they learn about it.
#include <gtest/gtest.h>
#include <set>
#include <thread>

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
  for (int round = 0; round < 3; ++round) {
    std::vector<db::Claim> theirs;
    std::thread rival([&] { theirs = other.claim(50); });
    auto ours = engine.claim(50);
    rival.join();
    for (const auto* claims : {&ours, &theirs}) {
      for (const auto& claim : *claims) EXPECT_TRUE(seen.insert(claim.resource_id).second);
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

TEST_F(EngineClaim, ASweepFindsTheOrgsWithDueWorkInSlices) {
  for (const auto* org : {"a", "b", "c"}) save_inbound(org, "r");
  save_inbound("later", "r");
  value(admin,
        "UPDATE vapisync.work SET due_at = now() + interval '1 hour' WHERE org_id = 'later'");
  const auto first = engine.sweep("", 2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].org_id, "a");
  const auto rest = engine.sweep(first[1].org_id, 2);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].org_id, "c");
}

TEST_F(EngineClaim, ASweepTellsTheCredentialItsRestAndWhetherTheOrgIsPaused) {
  save_inbound("own", "r");
  save_inbound("none", "r");
  save_inbound("paused", "r");
  value(admin, "SELECT vapisync.set_credential('own', 'print', 'http://x', 'sealed', NULL, false)");
  EXPECT_FALSE(engine.sweep()[1].key_paused);
  value(admin,
        "UPDATE vapisync.credentials SET state = 'paused',"
        " paused_until = now() + interval '1 minute'");
  value(admin, "UPDATE vapisync.orgs SET paused_at = now() WHERE org_id = 'paused'");
  const auto orgs = engine.sweep();
  ASSERT_EQ(orgs.size(), 3U);
  EXPECT_EQ(orgs[0].credential_id, 0) << "none: its saves wait";
  EXPECT_EQ(orgs[1].fingerprint, "print");
  EXPECT_GT(orgs[1].rest, Milliseconds{50'000});
  EXPECT_TRUE(orgs[1].key_paused);
  EXPECT_TRUE(orgs[2].paused);
  value(admin, "UPDATE vapisync.credentials SET paused_until = now() - interval '1 minute'");
  EXPECT_EQ(engine.sweep()[1].rest, Milliseconds{0});
  EXPECT_TRUE(engine.sweep()[1].key_paused) << "nobody has found out whether it is over";
}

TEST_F(EngineClaim, AnOrgWithoutAKeyUsesThePlatformsOnlyWhenThatServesAll) {
  save_inbound("acme", "r");
  const auto granted = engine.wait(engine.store().register_platform("p", "http://x", false));
  EXPECT_EQ(engine.sweep().front().credential_id, 0);
  const auto all = engine.wait(engine.store().register_platform("p2", "http://x", true));
  EXPECT_EQ(*granted, *all) << "the platform is one row, whatever its key";
  EXPECT_EQ(engine.sweep().front().credential_id, *all);
}

TEST_F(EngineClaim, EveryDaemonThatBeatsCounts) {
  Engine other(database.url("app_daemon"), "other");
  EXPECT_EQ(*engine.wait(engine.store().heartbeat({2.5, 3, 1, 0})), 1);
  EXPECT_EQ(value(admin, "SELECT report ->> 'syncedPerSecond' FROM vapisync.daemons"), "2.5");
  EXPECT_EQ(*other.wait(other.store().heartbeat({})), 2);
  value(admin,
        "UPDATE vapisync.daemons SET seen_at = now() - interval '1 minute'"
        " WHERE daemon_id = 'other'");
  EXPECT_EQ(*engine.wait(engine.store().heartbeat({})), 1) << "a silent one does not";
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
  const auto platform = engine.wait(engine.store().register_platform("p", "http://x", true));
  EXPECT_EQ(engine.wake_waiting(*platform + 1), 0) << "another credential's";
  EXPECT_EQ(engine.wake_waiting(*platform), 1);
  const auto claims = engine.claim();
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims.front().org_id, "waiting");
}

}  // namespace
}  // namespace vapisync::test
