// The connections to the database themselves: names that get lost, servers that say nothing.
#include "db/pool.hpp"

#include <gtest/gtest.h>

#include "db/conninfo.hpp"
#include "db/session.hpp"
#include "support/database.hpp"
#include "support/run.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

struct PoolTest : ::testing::Test {
  TestDatabase database;
  boost::asio::io_context context{1};
  db::Pool pool{Secret(database.url("app_daemon")), 2, db::prepare_engine, Milliseconds{300}};

  template <class Work>
  auto on_pool(Work work) {
    return run(context, pool.run(std::move(work)));
  }
};

bool answers(db::Connection& connection) {
  return !connection.call("installation").empty();
}

TEST_F(PoolTest, ADirectConnectionKeepsNamedStatements) {
  const auto named = on_pool([](db::Connection& connection) {
    connection.call("installation");
    pqxx::nontransaction tx(connection);
    return connection.direct() &&
           tx.exec1("SELECT count(*) FROM pg_prepared_statements WHERE name = 'installation'")[0]
                   .as<int>() == 1;
  });
  EXPECT_TRUE(named.value());
}

TEST_F(PoolTest, WhereAStatementGotLostTheyGoWithoutNames) {
  const auto lost = on_pool([](db::Connection& connection) {
    connection.call("installation");
    pqxx::nontransaction(connection).exec("DEALLOCATE ALL");
    return answers(connection);
  });
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, "sql_26000");
  EXPECT_EQ(lost.error().verdict, Verdict::retry);
  const auto again = on_pool([](db::Connection& connection) {
    pqxx::nontransaction(connection).exec("DEALLOCATE ALL");
    return answers(connection) && !connection.direct();
  });
  EXPECT_TRUE(again.value());
}

TEST_F(PoolTest, AServerThatDoesNotAnswerIsGivenUp) {
  const auto silent = on_pool([](db::Connection& connection) {
    pqxx::nontransaction(connection).exec("SELECT pg_sleep(60)");
    return true;
  });
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, "db_connection");
  EXPECT_TRUE(on_pool(answers).value());
}

TEST_F(PoolTest, AnIdleConnectionThatDiedIsReplacedUnseen) {
  ASSERT_TRUE(on_pool(answers));
  auto admin = database.connect();
  value(admin,
        "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
        " WHERE usename = 'app_daemon' AND datname = current_database()");
  EXPECT_TRUE(on_pool(answers).value());
}

TEST(Conninfo, TimeoutsAreAddedWhereNoneAreGiven) {
  const auto url = db::with_timeouts(
      Secret("postgresql://u:p%27w@a:1,b:2/app?target_session_attrs=read-write&connect_timeout=9"));
  const std::string& text = url.reveal();
  EXPECT_NE(text.find("host='a,b'"), std::string::npos) << text;
  EXPECT_NE(text.find("port='1,2'"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(password='p\'w')"), std::string::npos) << text;
  EXPECT_NE(text.find("connect_timeout='9'"), std::string::npos) << text;
  EXPECT_NE(text.find("tcp_user_timeout='20000'"), std::string::npos) << text;
  EXPECT_EQ(db::with_timeouts(Secret("not a url")).reveal(), "not a url");
}

}  // namespace
}  // namespace vapisync::test
