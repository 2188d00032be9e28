#pragma once
// One org with two agents, and a Vapi that a test plays by hand: it takes or refuses what a claim
// would send. Whatever happens, the newest payload is what the fold of the asks says.
#include <deque>
#include <gtest/gtest.h>
#include <map>
#include <string>

#include "support/database.hpp"
#include "support/engine.hpp"
#include "support/log_capture.hpp"
#include "support/sql.hpp"

namespace vapisync::test {

struct Judge : ::testing::Test {
  LogCapture log;
  TestDatabase database;
  pqxx::connection app = database.connect("app_writer");
  pqxx::connection admin = database.connect();
  Engine engine{database.url("app_daemon")};
  std::map<std::string, std::string> vapi;  ///< role -> the document that Vapi has

  void TearDown() override { expect_folds(); }

  std::string sql(const std::string& statement) { return value(admin, statement); }

  void save(const std::string& request, const std::string& agents) {
    value(app, save_agents("acme", request, agents));
  }
  void hold(const std::string& request, const std::string& agents) {
    value(app, save_agents_and_hold("acme", request, agents));
  }

  /// Takes what is due; `claimed` has it by role.
  void claim() {
    for (auto& claim : engine.claim()) {
      const auto role = claim.key;
      claimed[role] = &kept_.emplace_back(std::move(claim));
    }
  }
  db::Receipt accept(const std::string& role) {
    const db::Claim& claim = *claimed.at(role);
    auto report = confirmed(claim);
    if (claim.op == core::Op::remove) {
      report.remote = {};
      vapi.erase(role);
    } else {
      vapi[role] = claim.payload;
    }
    return engine.settle(report);
  }
  [[nodiscard]] db::Report refusal_of(const std::string& role, const std::string& path) const {
    auto report = failed(*claimed.at(role), db::Outcome::rejected);
    report.error->path = path;
    report.error->message = "Vapi refuses " + (path.empty() ? "something" : path);
    return report;
  }
  db::Receipt refuse(const std::string& role, const std::string& path = "") {
    return engine.settle(refusal_of(role, path));
  }
  /// Vapi takes everything that is still due.
  void accept_the_rest() {
    for (int round = 0; round < 10 && sql("SELECT count(*) FROM vapisync.work") != "0"; ++round) {
      claimed.clear();
      claim();
      for (const auto& [role, claim] : claimed) accept(role);
    }
    claimed.clear();
  }
  void save_and_accept(const std::string& request, const std::string& agents) {
    save(request, agents);
    accept_the_rest();
  }

  std::string state(const std::string& request) { return status(request, "state"); }
  std::string status(const std::string& request, const std::string& path) {
    return value(app,
                 "SELECT vapisync.save_status('acme', '" + request + "') #>> '{" + path + "}'");
  }
  std::string entry(const std::string& role, int version) {
    return sql("SELECT state FROM vapisync.entries WHERE key = '" + role +
               "' AND version = " + std::to_string(version));
  }
  std::string wanted(const std::string& role, const std::string& column) {
    return value(app, "SELECT " + column + " FROM vapisync.agents WHERE role = '" + role + "'");
  }
  std::string live(const std::string& role, const std::string& column) {
    return value(app,
                 "SELECT " + column + " FROM vapisync.agents_live WHERE role = '" + role + "'");
  }
  std::string in_vapi(const std::string& role, const std::string& field) {
    if (!vapi.contains(role)) return "no assistant";
    return sql("SELECT $json$" + vapi.at(role) + "$json$::jsonb #>> '{" + field + "}'");
  }
  void expect_folds() {
    EXPECT_EQ(sql("SELECT count(*) FROM vapisync.resources r JOIN vapisync.outbox o"
                  " ON o.resource_id = r.resource_id AND o.version = r.desired_version"
                  " WHERE vapisync.fold(r.resource_id, r.desired_version)"
                  " IS DISTINCT FROM o.payload::jsonb"),
              "0");
  }

  std::map<std::string, const db::Claim*> claimed;

 private:
  std::deque<db::Claim> kept_;  // reports point to them
};

}  // namespace vapisync::test
