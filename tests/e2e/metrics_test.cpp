// What /metrics says while a real daemon works: the families of docs/operations.md, no more and no
// less, with the figures that an operator would expect.
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <set>

#include "support/await.hpp"
#include "support/convergence.hpp"
#include "support/operator.hpp"

namespace vapisync::test {
namespace {

struct MetricsPage : ::testing::Test {
  OperatorStage stage;
  std::unique_ptr<Process> daemon = stage.start_daemon();

  std::string page() { return http_exchange(pages_of(*daemon), "GET", "/metrics").body; }
  bool says(const std::string& line) { return contains("\n" + page(), "\n" + line + "\n"); }
  /// Less than nothing when it is not there.
  double value_of(const std::string& metric) {
    const auto text = "\n" + page();
    const auto start = "\n" + metric + " ";
    const auto at = text.find(start);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + start.size()));
  }
  /// What is read from the database is up to some seconds old.
  void await(const std::string& line) {
    test::await(line, [&] { return says(line); });
  }
  void await_end(const std::string& request) {
    await_sql(
        stage.database.url(),
        "SELECT finished_at IS NOT NULL FROM vapisync.saves WHERE request_id = '" + request + "'",
        "t");
  }
};

std::set<std::string> names_in(const std::string& text, const std::regex& pattern) {
  std::set<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
    names.insert((*it)[1]);
  }
  return names;
}

TEST_F(MetricsPage, HasExactlyTheFamiliesThatTheDocsDescribe) {
  stage.save("acme", "r1", R"({"inbound":{"name":"In"}})");
  await_end("r1");
  await(R"(vapisync_unconverged_resources{state="due"} 0)");
  std::ifstream file(VAPISYNC_SOURCE_DIR "/docs/operations.md");
  const std::string docs{std::istreambuf_iterator<char>(file), {}};
  const auto described = names_in(docs, std::regex(R"(\n\| `(vapisync_[a-z_]+))"));
  EXPECT_EQ(names_in(page(), std::regex("# TYPE (vapisync_[a-z_]+) ")), described);
  EXPECT_EQ(described.size(), 21U);
}

TEST_F(MetricsPage, ASaveThatConvergesIsSeenInItsRequestItsEndAndItsTime) {
  stage.save("acme", "r1", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
  await_end("r1");
  await(R"(vapisync_saves_total{state="synced",tier="agents"} 1)");
  await(R"(vapisync_vapi_requests_total{kind="assistant",method="POST",status="201"} 2)");
  await("vapisync_convergence_seconds_count 2");
  EXPECT_TRUE(says("vapisync_vapi_request_seconds_count 2")) << page();
  EXPECT_GT(value_of("vapisync_claim_seconds_count"), 0) << page();
  EXPECT_TRUE(says(R"(vapisync_breaker_state{state="closed"} 1)")) << page();
  EXPECT_FALSE(contains(page(), "acme")) << "no org is a label";
}

TEST_F(MetricsPage, WhatVapiRefusesIsAFailedSaveABlockedResourceOrARollback) {
  stage.save("acme", "r0", R"({"inbound":{"name":"In"}})");
  await_end("r0");
  stage.refuse_voice("Nico");
  stage.hold("h", R"({"inbound":{"voice":"Nico"}})");
  await_end("h");
  await(R"(vapisync_saves_total{state="failed",tier="agents"} 1)");
  await(R"(vapisync_unconverged_resources{state="blocked"} 1)");
  stage.save("bolt", "b0", R"({"inbound":{"name":"In"}})");
  await_end("b0");
  stage.save("bolt", "b1", R"({"inbound":{"voice":"Nico"}})");
  await_end("b1");
  await(R"(vapisync_saves_total{state="rolled_back",tier="agents"} 1)");
}

TEST_F(MetricsPage, AnOutageIsSeenInAgeRetriesAndBreaker) {
  stage.sandbox.set_faults(R"([{"answer":{"status":503}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
  daemon->await("vapi.outage");
  await(R"(vapisync_breaker_state{state="closed"} 0)");
  EXPECT_GT(value_of(R"(vapisync_retries_total{reason="vapi"})"), 0) << page();
  EXPECT_GT(value_of("vapisync_ambiguous_creates_total"), 0) << "503 may have happened";
  stage.sandbox.clear_faults();
  await_end("r1");
  await(R"(vapisync_breaker_state{state="closed"} 1)");
}

TEST_F(MetricsPage, ARefusedKeyIsAPausedCredential) {
  stage.sandbox.set_faults(R"([{"answer":{"status":401}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"In"}})");
  await(R"(vapisync_paused_credentials{reason="http_401"} 1)");
}

TEST_F(MetricsPage, ManyEditsDuringAPauseAreSupersededVersions) {
  stage.save("acme", "first", R"({"inbound":{"name":"In"}})");
  await_end("first");
  EXPECT_EQ(stage.run({"org", "pause", "acme"}).exit_code, 0);
  for (int i = 0; i < 5; ++i) {
    stage.save("acme", "r" + std::to_string(i),
               R"({"inbound":{"name":"N)" + std::to_string(i) + R"("}})");
  }
  EXPECT_EQ(stage.run({"org", "resume", "acme"}).exit_code, 0);
  await_end("r4");
  await("vapisync_superseded_versions_total 4");
  await(R"(vapisync_saves_total{state="superseded",tier="agents"} 4)");
}

TEST_F(MetricsPage, AnObjectThatSomebodyDeletedIsARepair) {
  stage.save("acme", "r1", R"({"inbound":{"name":"In"}})");
  await_end("r1");
  stage.sandbox.remove(stage.assistant_id("acme", "inbound"));
  stage.save("acme", "r2", R"({"inbound":{"name":"Again"}})");
  await_end("r2");
  await(R"(vapisync_repairs_total{reason="remote_gone"} 1)");
}

TEST_F(MetricsPage, ALostDatabaseConnectionIsAReconnect) {
  stage.sql(
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
      " WHERE usename = 'app_daemon' AND datname = current_database()");
  stage.save("acme", "r1", R"({"inbound":{"name":"In"}})");
  await_end("r1");
  EXPECT_GT(value_of("vapisync_db_reconnects_total"), 0) << page();
}

}  // namespace
}  // namespace vapisync::test
