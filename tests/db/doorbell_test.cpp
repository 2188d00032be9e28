// Writers ring only while a sleeping daemon asked for it, whatever way they write.
#include <gtest/gtest.h>

#include <pqxx/notification>

#include "support/database.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

class Counter : public pqxx::notification_receiver {
 public:
  explicit Counter(pqxx::connection& connection) : notification_receiver(connection, "vapisync") {}
  void operator()(const std::string& payload, int) override {
    ++rings;
    last = payload;
  }
  int rings{0};
  std::string last;
};

class Doorbell : public testing::Test {
 protected:
  void arm(int milliseconds) {
    value(
        daemon_,
        "SELECT setval('vapisync.bell', (extract(epoch FROM clock_timestamp()) * 1000)::bigint + " +
            std::to_string(milliseconds) + ")");
  }
  /// A notification of a committed transaction has arrived by the time a later statement answers.
  int rings() {
    value(daemon_, "SELECT 1");
    daemon_.get_notifs();
    return counter_.rings;
  }

  TestDatabase database_;
  pqxx::connection daemon_{database_.url("app_daemon")};
  pqxx::connection writer_{database_.url("app_writer")};
  Counter counter_{daemon_};
};

TEST_F(Doorbell, IsSilentWhenNobodyAsked) {
  value(writer_, save_agents("org", "1", R"({"inbound": {}})"));
  EXPECT_EQ(rings(), 0);
}

TEST_F(Doorbell, RingsForEachResourceAtTheCommitWhenArmed) {
  arm(60'000);
  {
    pqxx::work tx(writer_);
    tx.exec(save_agents("org", "1", R"({"inbound": {}, "outbound": {}})"));
    tx.exec(save_agents("org", "2", R"({"inbound": {}, "outbound": {}})"));
    EXPECT_EQ(rings(), 0);
    tx.commit();
  }
  EXPECT_EQ(rings(), 2);
  EXPECT_EQ(counter_.last, value(daemon_, "SELECT max(resource_id) FROM vapisync.resources"));
}

TEST_F(Doorbell, IsSilentAfterItsTime) {
  arm(-1);
  value(writer_, save_agents("org", "1", R"({"inbound": {}})"));
  EXPECT_EQ(rings(), 0);
}

TEST_F(Doorbell, IsHeardByAWriterWithAnOldSnapshot) {
  pqxx::transaction<pqxx::repeatable_read> old(writer_);
  old.exec("SELECT count(*) FROM vapisync.agents");
  arm(60'000);
  old.exec(save_agents("org", "1", R"({"inbound": {}})"));
  old.commit();
  EXPECT_EQ(rings(), 1);
}

TEST_F(Doorbell, RingsForWhoWritesTheOutboxDirectly) {
  arm(60'000);
  value(daemon_, "INSERT INTO vapisync.orgs (org_id) VALUES ('org')");
  value(daemon_,
        "INSERT INTO vapisync.resources (org_id, kind, key, desired_version) VALUES ('org', "
        "'tool', 'x', 1)");
  value(daemon_,
        "INSERT INTO vapisync.outbox (resource_id, version, org_id, op, payload)"
        " SELECT resource_id, 1, 'org', 'upsert', '{}' FROM vapisync.resources");
  EXPECT_EQ(rings(), 1);
}

}  // namespace
}  // namespace vapisync::test
