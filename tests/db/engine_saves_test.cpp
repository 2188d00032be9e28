// The end of a save that has several members.
#include <gtest/gtest.h>
#include <thread>

#include "support/database.hpp"
#include "support/engine.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

struct EngineSaves : ::testing::Test {
  TestDatabase database;
  pqxx::connection admin = database.connect();
  Engine engine{database.url("app_daemon")};

  std::vector<db::Claim> save_both(const std::string& org) {
    value(admin, save_agents_and_hold(org, "r", R"({"inbound":{},"outbound":{}})"));
    auto claims = engine.claim();
    EXPECT_EQ(claims.size(), 2U);
    return claims;
  }
  std::string save(const std::string& column) {
    return value(admin, "SELECT " + column + " FROM vapisync.saves");
  }
};

TEST_F(EngineSaves, IsOpenUntilItsLastMemberIsDecided) {
  const auto claims = save_both("acme");
  engine.settle(confirmed(claims[0]));
  EXPECT_EQ(save("state"), "pending");
  EXPECT_EQ(save("finished_at IS NULL"), "t");
  engine.settle(confirmed(claims[1]));
  EXPECT_EQ(save("state"), "synced");
  EXPECT_EQ(save("finished_at IS NOT NULL"), "t");
}

TEST_F(EngineSaves, EndsByTheWorstOfItsMembersInWhateverOrder) {
  for (const bool failure_first : {true, false}) {
    const auto claims = save_both("acme");
    const auto bad = failed(claims[0], db::Outcome::rejected);
    const auto good = confirmed(claims[1]);
    engine.settle(failure_first ? bad : good);
    engine.settle(failure_first ? good : bad);
    EXPECT_EQ(save("state"), "failed");
    value(admin,
          "TRUNCATE vapisync.saves, vapisync.outbox, vapisync.outcomes, vapisync.work,"
          " vapisync.resources CASCADE");
  }
}

TEST_F(EngineSaves, MembersThatFinishInOneBatchEndItOnce) {
  const auto claims = save_both("acme");
  engine.settle({confirmed(claims[0]), confirmed(claims[1])});
  EXPECT_EQ(save("state || open_count"), "synced0");
}

TEST_F(EngineSaves, MembersThatFinishTogetherOnTwoConnectionsEndItOnce) {
  Engine other(database.url("app_daemon"), "other");
  for (int round = 0; round < 20; ++round) {
    const auto claims = save_both("org" + std::to_string(round));
    std::thread second([&] { other.settle(confirmed(claims[1])); });
    engine.settle(confirmed(claims[0]));
    second.join();
  }
  EXPECT_EQ(save("count(*) FILTER (WHERE state = 'synced' AND open_count = 0)"), "20");
}

TEST_F(EngineSaves, OneThatWaitsForTheOtherCountsItsEndToo) {
  const auto claims = save_both("acme");
  // The row is held as a completion on another connection would hold it.
  auto holder = database.connect();
  pqxx::work tx(holder);
  tx.exec("UPDATE vapisync.saves SET open_count = open_count - 1, worst = 1");
  std::thread second([&] { engine.settle(confirmed(claims[1])); });
  auto observer = database.connect();
  const auto waiting =
      "SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
      " AND datname = current_database()";
  while (value(observer, waiting) == "0") {
  }
  tx.commit();
  second.join();
  EXPECT_EQ(save("state || open_count"), "synced0");
}

}  // namespace
}  // namespace vapisync::test
