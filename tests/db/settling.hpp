#pragma once
// A database with an engine on it, and what tests of settling ask of both.
#include <deque>
#include <gtest/gtest.h>
#include <string>

#include "support/database.hpp"
#include "support/engine.hpp"
#include "support/sql.hpp"

namespace vapisync::test {

struct Settling : ::testing::Test {
  TestDatabase database;
  pqxx::connection app = database.connect("app_writer");
  pqxx::connection admin = database.connect();
  Engine engine{database.url("app_daemon")};

  void save_inbound(const std::string& org, const std::string& request) {
    value(app, save_agents(org, request, R"({"inbound":{"name":")" + request + R"("}})"));
  }
  /// Stays where it is: reports point to it.
  const db::Claim& claim_one() {
    auto taken = engine.claim(1, 1);
    EXPECT_EQ(taken.size(), 1U);
    if (taken.empty()) taken.emplace_back();
    return claims_.emplace_back(std::move(taken.front()));
  }
  std::string entry(int version) {
    return value(admin,
                 "SELECT state FROM vapisync.entries WHERE version = " + std::to_string(version));
  }
  std::string save_state(const std::string& request) {
    return value(admin, "SELECT state FROM vapisync.saves WHERE request_id = '" + request + "'");
  }
  std::string work(const std::string& column) {
    return value(admin, "SELECT " + column + " FROM vapisync.work");
  }
  std::string resource(const std::string& column) {
    return value(admin, "SELECT " + column + " FROM vapisync.resources");
  }

 private:
  std::deque<db::Claim> claims_;
};

}  // namespace vapisync::test
