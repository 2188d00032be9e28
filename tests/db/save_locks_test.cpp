// Two people at once: nobody loses a field, nobody waits for somebody who has nothing to do with
// it.
#include <future>
#include <gtest/gtest.h>
#include <vector>

#include "support/database.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

class SaveLocks : public testing::Test {
 protected:
  std::string run(const std::string& statement) {
    pqxx::connection writer(database_.url("app_writer"));
    value(writer, "SET statement_timeout = '20s'");
    return value(writer, statement);
  }
  std::string ask(const std::string& statement) { return value(admin_, statement); }

  TestDatabase database_;
  pqxx::connection admin_{database_.url()};
  pqxx::connection first_{database_.url("app_writer")};
  pqxx::connection second_{database_.url("app_writer")};
};

// The second one waits for the first, and reads only then what it merges into.
TEST_F(SaveLocks, DifferentFieldsSavedAtOnceAreBothKept) {
  run(save_agents("org", "0", R"({"inbound": {}})"));
  pqxx::work open(first_);
  open.exec(save_agents("org", "1", R"({"inbound": {"name": "Anna"}})"));
  auto other = std::async(std::launch::async, [&] {
    return value(second_, save_agents("org", "2", R"({"inbound": {"firstMessage": "Hi"}})"));
  });
  await_blocked(admin_, second_.backendpid());
  open.commit();
  other.get();
  EXPECT_EQ(ask("SELECT name || first_message FROM vapisync.agents"), "AnnaHi");
  EXPECT_EQ(ask("SELECT desired_version FROM vapisync.resources"), "3");
}

TEST_F(SaveLocks, FirstSavesOfOneAgentAtOnceAreBothKept) {
  pqxx::work open(first_);
  open.exec(save_agents("org", "1", R"({"inbound": {"name": "Anna"}})"));
  auto other = std::async(std::launch::async, [&] {
    return value(second_, save_agents("org", "2", R"({"inbound": {"firstMessage": "Hi"}})"));
  });
  await_blocked(admin_, second_.backendpid());
  open.commit();
  other.get();
  EXPECT_EQ(ask("SELECT name || first_message FROM vapisync.agents"), "AnnaHi");
}

TEST_F(SaveLocks, SameRequestAtOnceIsOneSave) {
  const auto statement = save_agents("org", "same", R"({"inbound": {"name": "Anna"}})");
  pqxx::work open(first_);
  const std::string answer = open.exec(statement)[0][0].c_str();
  auto other = std::async(std::launch::async, [&] { return value(second_, statement); });
  await_blocked(admin_, second_.backendpid());
  open.commit();
  EXPECT_EQ(other.get(), answer);
  EXPECT_EQ(ask("SELECT count(*) FROM vapisync.outbox"), "1");
}

TEST_F(SaveLocks, SameRequestIsWrittenByTheSecondWhenTheFirstGivesUp) {
  const auto statement = save_agents("org", "same", R"({"inbound": {"name": "Anna"}})");
  auto open = std::make_unique<pqxx::work>(first_);
  open->exec(statement);
  auto other = std::async(std::launch::async, [&] { return value(second_, statement); });
  await_blocked(admin_, second_.backendpid());
  open->abort();
  other.get();
  EXPECT_EQ(ask("SELECT count(*) FROM vapisync.outbox"), "1");
}

TEST_F(SaveLocks, OpenTransactionStopsNobodyElse) {
  run(save_agents("org", "0", R"({"outbound": {}})"));
  pqxx::work open(first_);
  open.exec(save_agents("org", "1", R"({"inbound": {"name": "Anna"}})"));
  run(save_agents("org", "2", R"({"outbound": {"name": "Olga"}})"));
  run(save_agents("another", "1", R"({"inbound": {}, "outbound": {}})"));
  EXPECT_EQ(ask("SELECT count(*) FROM vapisync.outbox"), "4");
}

// Without one order for inserts and locks, these would deadlock sooner or later.
TEST_F(SaveLocks, SavesOfTheSameAgentsInAnyOrderNeverDeadlock) {
  std::vector<std::future<std::string>> writers;
  for (int writer = 0; writer < 6; ++writer) {
    writers.push_back(std::async(std::launch::async, [this, writer]() -> std::string {
      pqxx::connection connection(database_.url("app_writer"));
      const bool swapped = writer % 2 == 0;
      const std::string inbound = R"({"kind": "assistant", "key": "inbound", "ask": {}})";
      const std::string outbound = R"({"kind": "assistant", "key": "outbound", "ask": {}})";
      const auto changes =
          "[" + (swapped ? outbound + "," + inbound : inbound + "," + outbound) + "]";
      for (int round = 0; round < 40; ++round) {
        const auto request = std::to_string(writer) + "-" + std::to_string(round);
        pqxx::nontransaction tx(connection);
        const auto refused = refusal_in(tx, save("org" + std::to_string(round), request, changes));
        if (!refused.message.empty()) return refused.message;
      }
      return "";
    }));
  }
  for (auto& writer : writers) EXPECT_EQ(writer.get(), "");
  EXPECT_EQ(ask("SELECT count(*) FROM vapisync.resources WHERE desired_version = 6"), "80");
  EXPECT_EQ(ask("SELECT count(*) FROM vapisync.work"), "80");
}

// An old snapshot cannot be used to merge: Postgres says so instead of losing a field.
TEST_F(SaveLocks, RepeatableReadWithAnOldSnapshotFailsInsteadOfLosingAField) {
  run(save_agents("org", "0", R"({"inbound": {}})"));
  pqxx::transaction<pqxx::repeatable_read> old(first_);
  old.exec("SELECT count(*) FROM vapisync.agents");
  run(save_agents("org", "1", R"({"inbound": {"name": "Anna"}})"));
  EXPECT_THROW(old.exec(save_agents("org", "2", R"({"inbound": {"firstMessage": "Hi"}})")),
               pqxx::serialization_failure);
}

}  // namespace
}  // namespace vapisync::test
