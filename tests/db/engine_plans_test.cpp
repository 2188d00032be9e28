// What the planner knows of a queue is old by nature: when it last looked, the queue may have been
// empty.
#include <gtest/gtest.h>

#include "db/connection.hpp"
#include "db/session.hpp"
#include "support/database.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

class EnginePlans : public testing::Test {
 protected:
  /// Scans that read a table from one end to the other.
  std::string whole_scans(const std::string& statement, const std::string& arguments) {
    daemon_.prepare_now(statement);
    pqxx::nontransaction tx(daemon_);
    std::string scans;
    std::string scan;
    for (const auto& row :
         tx.exec("EXPLAIN (COSTS OFF) EXECUTE " + statement + "(" + arguments + ")")) {
      const std::string line = row[0].c_str();
      if (!scan.empty() && line.find("Index Cond:") == std::string::npos) scans += scan + "\n";
      const bool scans_a_table = line.find("Index Scan using") != std::string::npos ||
                                 line.find("Index Only Scan using") != std::string::npos ||
                                 line.find("Seq Scan") != std::string::npos;
      scan = scans_a_table ? line : "";
    }
    return scans;
  }

  TestDatabase database_;
  pqxx::connection admin_{database_.url()};
  db::Connection daemon_{database_.url("app_daemon")};
};

TEST_F(EnginePlans, NoHotStatementReadsAllOfAQueueThatSeemedEmpty) {
  value(admin_, "VACUUM ANALYZE vapisync.work");
  db::prepare_engine(daemon_);
  EXPECT_EQ(whole_scans("sweep", "'', 1000, 1, '{}'"), "");
  EXPECT_EQ(whole_scans("claim", "'{acme}', '{16}', 'daemon', 60000, 16, '{assistant}', 200"), "");
  EXPECT_EQ(whole_scans("facts", "'{1}', '{}', 1"), "");
  EXPECT_EQ(whole_scans("settle", "'[]', 'daemon', 90000"), "");
  EXPECT_EQ(whole_scans("confirm", "'{1}', '{1}', '{1}', '{1}', '{a}', '{}'"), "");
  EXPECT_EQ(whole_scans("renew", "1, 1, 60000"), "");
}

}  // namespace
}  // namespace vapisync::test
