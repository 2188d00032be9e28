// What docs/sql.md shows must work: its blocks run in order, against one database.
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <sstream>
#include <vector>

#include "support/database.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

struct Block {
  std::string mark;  // what stands behind the three backticks
  size_t line = 0;
  std::string text;
};

std::vector<Block> blocks_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<Block> blocks;
  bool inside = false;
  size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), number, ""});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

class SqlDocs : public testing::Test {
 protected:
  // The roles that the document makes are the cluster's, and may be there from the last run.
  SqlDocs() { value(admin_, "DROP ROLE IF EXISTS app; DROP ROLE IF EXISTS vapisync"); }

  void play(const Block& block) {
    if (block.mark == "sql run admin") return run(admin_, block);
    if (block.mark == "sql run gateway") return run(gateway_, block);
    if (block.mark == "sql run") return run(app(), block);
    if (block.mark == "sql refused") return expect_refusals(block);
    if (block.mark == "json answer") return expect_answer(block);
    FAIL() << "unknown mark: " << block.mark;
  }

 private:
  pqxx::connection& app() {
    if (!app_) app_.emplace(database_.url("app"));
    return *app_;
  }
  void run(pqxx::connection& connection, const Block& block) {
    last_answer_ = value(connection, block.text);
  }
  // Each statement stands on a line and is followed by `-- SQLSTATE message`; a SET prepares.
  void expect_refusals(const Block& block) {
    auto connection = database_.connect("app");
    std::istringstream lines(block.text);
    std::string expected;
    for (std::string statement; std::getline(lines, statement);) {
      if (statement.starts_with("SET ")) {
        value(connection, statement);
        continue;
      }
      ASSERT_TRUE(std::getline(lines, expected) && expected.starts_with("-- ")) << statement;
      const auto answer = refusal(connection, statement);
      EXPECT_EQ(answer.sqlstate, expected.substr(3, 5)) << statement;
      EXPECT_TRUE(answer.message.starts_with("ERROR:  " + expected.substr(9) + "\n"))
          << statement << "\n"
          << answer.message;
    }
  }
  void expect_answer(const Block& block) {
    EXPECT_EQ(last_answer_, value(admin_, "SELECT $json$" + block.text + "$json$::jsonb"));
  }

  TestDatabase database_;
  pqxx::connection admin_{database_.url()};
  pqxx::connection gateway_{database_.url("authenticator")};
  std::optional<pqxx::connection> app_;
  std::string last_answer_;
};

TEST_F(SqlDocs, EveryExampleDoesWhatItShows) {
  size_t played = 0;
  for (const auto& block : blocks_of(VAPISYNC_SOURCE_DIR "/docs/sql.md")) {
    SCOPED_TRACE("docs/sql.md:" + std::to_string(block.line));
    if (!block.mark.starts_with("sql") && block.mark != "json answer") continue;
    ASSERT_NO_THROW(play(block)) << block.text;
    ++played;
  }
  EXPECT_GE(played, 10U);
}

}  // namespace
}  // namespace vapisync::test
