// What a database that came back does to its own rows; the whole way is in tests/e2e.
#include <gtest/gtest.h>

#include "support/database.hpp"
#include "support/engine.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

struct RestoredRows : ::testing::Test {
  TestDatabase database;
  pqxx::connection admin{database.url()};
  Engine engine{database.url("app_daemon")};

  std::string sql(const std::string& statement) { return value(admin, statement); }
  /// What the daemon's statement would touch in one round.
  int touch(int due_max) {
    db::Connection connection(database.url("app_daemon"));
    connection.prepare_statements();
    return connection.call("touch_restored", due_max).front()["touched"].as<int>();
  }
};

TEST_F(RestoredRows, AServerWithAnotherIdentifierIsAnotherDatabase) {
  EXPECT_EQ(sql("SELECT vapisync.identity()"), "same");
  sql("UPDATE vapisync.meta SET system_identifier = 1");
  EXPECT_EQ(sql("SELECT identity FROM vapisync.admit()"), "other_database");
  sql("SELECT vapisync.resync()");
  EXPECT_EQ(sql("SELECT identity FROM vapisync.admit()"), "same");
}

TEST_F(RestoredRows, AnotherTimelineIsFollowedOnce) {
  sql(save_agents("acme", "r1", R"({"inbound": {}, "outbound": {}})"));
  sql("UPDATE vapisync.meta SET timeline = 7");
  EXPECT_EQ(sql("SELECT resynced ->> 'withoutId' FROM vapisync.admit()"), "2");
  EXPECT_EQ(sql("SELECT resynced FROM vapisync.admit()"), "null");
  EXPECT_EQ(sql("SELECT timeline FROM vapisync.meta"), "1");
}

TEST_F(RestoredRows, AResourceWithoutAnIdIsAnOpenCreateFromTheMomentItIsListed) {
  sql(save_agents("acme", "r1", R"({"inbound": {}})"));
  sql("SELECT vapisync.resync()");
  const auto claims = engine.claim();
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_TRUE(claims.front().open);
  EXPECT_LT(claims.front().open_age, Milliseconds{60'000});
}

TEST_F(RestoredRows, AResourceThatIsMadeLaterIsNot) {
  sql("SELECT vapisync.resync()");
  sql(save_agents("acme", "r1", R"({"inbound": {}})"));
  const auto claims = engine.claim();
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_FALSE(claims.front().open);
}

TEST_F(RestoredRows, NumbersOfTheLostHistoryAreNotGivenOutAgain) {
  sql(save_agents("acme", "r1", R"({"inbound": {}})"));
  const auto before = engine.claim();
  ASSERT_EQ(before.size(), 1U);
  sql("SELECT vapisync.resync()");
  EXPECT_EQ(sql("SELECT last_value > " + std::to_string(before.front().token + 1'000'000) +
                " FROM vapisync.token_seq"),
            "t");
  sql(save_agents("other", "r1", R"({"inbound": {}})"));
  EXPECT_EQ(sql("SELECT max(resource_id) > " + std::to_string(before.front().resource_id + 1000) +
                " FROM vapisync.resources"),
            "t");
}

TEST_F(RestoredRows, TouchingMakesDueOnlyAFewAndAPausedOrgHoldsUpNobody) {
  for (const char* org : {"a", "b", "c", "d"}) {
    sql(save_agents(org, "r1", R"({"inbound": {}, "outbound": {}})"));
  }
  for (const auto& claim : engine.claim()) engine.settle(confirmed(claim));
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.work"), "0");
  sql("UPDATE vapisync.orgs SET paused_at = now() WHERE org_id IN ('a', 'b')");
  sql(save_agents("a", "r2", R"({"inbound": {}, "outbound": {}})"));
  sql("SELECT vapisync.resync()");
  EXPECT_EQ(touch(3), 3);
  EXPECT_EQ(touch(3), 0);
  EXPECT_EQ(touch(9), 1);
  EXPECT_EQ(sql("SELECT string_agg(DISTINCT org_id, '') FROM vapisync.resync"), "ab");
  sql("UPDATE vapisync.orgs SET paused_at = NULL");
  EXPECT_EQ(touch(100), 4);
  EXPECT_EQ(touch(100), 0);
}

TEST_F(RestoredRows, ATouchedBlockedResourceIsTriedAgain) {
  sql(save_agents_and_hold("acme", "r1", R"({"inbound": {}})"));
  const auto claims = engine.claim();
  engine.settle(failed(claims.front(), db::Outcome::rejected));
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.work"), "0");
  sql("SELECT vapisync.resync()");
  EXPECT_EQ(touch(8), 1);
  EXPECT_EQ(sql("SELECT last_error IS NULL FROM vapisync.resources"), "t");
  EXPECT_EQ(sql("SELECT open_until IS NOT NULL FROM vapisync.work"), "t");
}

TEST_F(RestoredRows, TheRolesOfApplicationsMayNotDecide) {
  auto writer = database.connect("app_writer");
  for (const char* function : {"resync", "detach", "admit", "restored_status"}) {
    EXPECT_EQ(refusal(writer, std::string("SELECT vapisync.") + function + "()").sqlstate,
              not_allowed)
        << function;
  }
}

}  // namespace
}  // namespace vapisync::test
