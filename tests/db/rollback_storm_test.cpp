// Applications, two daemons and rollbacks at once, on the same few agents: no deadlock, nothing
// waits for ever, every save ends.
#include <atomic>
#include <gtest/gtest.h>
#include <thread>

#include "support/database.hpp"
#include "support/engine.hpp"
#include "support/log_capture.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

struct RollbackStorm : ::testing::Test {
  LogCapture log;
  TestDatabase database;
  std::atomic<int> writing{2};

  /// Saves of both agents, every fifth of them bad, some in a transaction that stays open for a
  /// statement more.
  void write(int writer) {
    auto app = database.connect("app_writer");
    for (int i = 0; i < 60; ++i) {
      const auto name = (i % 5 == writer ? "bad" : "ok") + std::to_string(i);
      const auto request = "w" + std::to_string(writer) + "-" + std::to_string(i);
      const auto org = "org" + std::to_string(i % 3);
      pqxx::work tx(app);
      tx.exec(save_agents(org, request,
                          R"({"inbound":{"name":")" + name +
                              R"("},)"
                              R"("outbound":{"firstMessage":")" +
                              name + R"("}})"));
      tx.exec("SELECT count(*) FROM vapisync.agents");
      tx.commit();
    }
    --writing;
  }
  db::Report answer(const db::Claim& claim) {
    if (claim.payload.find("\"bad") != std::string::npos) {
      auto refused = failed(claim, db::Outcome::rejected);
      refused.error->path = claim.version % 2 == 0 ? "name" : "";
      return refused;
    }
    auto done = confirmed(claim);
    if (claim.op == core::Op::remove) done.remote = {};
    return done;
  }
  void work(const std::string& daemon) {
    Engine engine(database.url("app_daemon"), daemon);
    auto observer = database.connect();
    while (writing > 0 || value(observer, "SELECT count(*) FROM vapisync.work") != "0") {
      const auto claims = engine.claim(3, 2);
      std::vector<db::Report> reports;
      for (const auto& claim : claims) reports.push_back(answer(claim));
      while (!reports.empty()) {
        const auto receipts = engine.settle(reports);
        std::vector<db::Report> held;
        for (size_t i = 0; i < receipts.size(); ++i) {
          if (receipts[i].recorded == db::Recorded::held) held.push_back(reports[i]);
        }
        reports = std::move(held);
      }
    }
  }
};

TEST_F(RollbackStorm, EverySaveEndsAndNobodyDeadlocks) {
  {
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < 2; ++writer) threads.emplace_back([=, this] { write(writer); });
    for (const char* daemon : {"one", "two"}) threads.emplace_back([=, this] { work(daemon); });
  }
  auto admin = database.connect();
  EXPECT_EQ(
      value(admin, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"),
      "0");
  EXPECT_EQ(value(admin,
                  "SELECT count(*) FROM vapisync.saves WHERE finished_at IS NULL"
                  " OR open_count <> 0 OR state IN ('pending', 'rolling_back')"),
            "0");
  EXPECT_NE(value(admin, "SELECT count(*) FROM vapisync.saves WHERE state = 'rolled_back'"), "0");
  EXPECT_EQ(value(admin,
                  "SELECT count(*) FROM vapisync.resources r JOIN vapisync.outbox o"
                  " ON o.resource_id = r.resource_id AND o.version = r.desired_version"
                  " WHERE vapisync.fold(r.resource_id, r.desired_version)"
                  " IS DISTINCT FROM o.payload::jsonb"),
            "0");
  EXPECT_EQ(log.count("db.outcome_refused"), 0);
}

}  // namespace
}  // namespace vapisync::test
