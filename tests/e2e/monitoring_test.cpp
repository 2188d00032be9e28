// The monitoring that is shipped, before a real Prometheus that scrapes a real daemon: every alert
// for what it is meant, and a dashboard that asks for nothing that is not there.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <set>

#include "support/convergence.hpp"
#include "support/operator.hpp"
#include "support/prometheus.hpp"

namespace vapisync::test {
namespace {

constexpr auto folder = VAPISYNC_SOURCE_DIR "/monitoring/";

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> all_matches(const std::string& text, const char* pattern) {
  std::set<std::string> found;
  const std::regex wanted(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), wanted), end; it != end; ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

TEST(Alerts, AreWhatTheirTestsSay) {
  const Ran ran =
      run_program({"/usr/bin/promtool", "test", "rules", std::string(folder) + "alerts_test.yml"});
  EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
}

TEST(Alerts, EachIsTestedAndHasItsPlaceInTheRunbook) {
  const auto alerts = all_matches(read(std::string(folder) + "alerts.yml"), "- alert: (\\w+)");
  EXPECT_GE(alerts.size(), 8U);
  const auto tested = all_matches(read(std::string(folder) + "alerts_test.yml"),
                                  "alertname: (\\w+)\\s+exp_alerts:\\s+- ");
  EXPECT_EQ(tested, alerts);
  const auto runbook = read(VAPISYNC_SOURCE_DIR "/docs/operations.md");
  EXPECT_EQ(all_matches(runbook, "\n### (Vapisync\\w+)\n"), alerts);
}

TEST(Alerts, HurryingThemChangesTimesOnly) {
  const auto expressions = [](const std::string& text) {
    return all_matches(text, "expr: ([^\n]+(?:\n {10}[^\n]+)*)");
  };
  const auto rules = read(std::string(folder) + "alerts.yml");
  const auto shipped = expressions(std::regex_replace(rules, std::regex("\\[30m\\]"), "[15s]"));
  EXPECT_EQ(shipped.size(), 10U);
  EXPECT_EQ(expressions(hurried_rules()), shipped);
}

/// A daemon, an operator, and a Prometheus that looks on.
struct Monitoring : ::testing::Test {
  OperatorStage stage;
  std::unique_ptr<Process> daemon = stage.start_daemon();
  std::unique_ptr<Prometheus> prometheus;

  void SetUp() override {
    std::filesystem::create_directory(stage.path("prometheus"));
    prometheus = std::make_unique<Prometheus>(
        stage.path("prometheus"), pages_of(*daemon).substr(std::string("http://").size()));
    stage.save("acme", "r0", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
    await_end("r0");
  }
  void await_end(const std::string& request) {
    await_sql(
        stage.database.url(),
        "SELECT finished_at IS NOT NULL FROM vapisync.saves WHERE request_id = '" + request + "'",
        "t");
  }
};

TEST_F(Monitoring, TheDashboardAsksOnlyForMetricsThatThereAre) {
  const auto text = read(std::string(folder) + "dashboard.json");
  const auto dashboard = json::parse(text);
  ASSERT_TRUE(dashboard) << dashboard.error().message;
  const auto page = http_exchange(pages_of(*daemon), "GET", "/metrics").body;
  const auto families = all_matches(page, "# TYPE (\\w+) ");
  std::set<std::string> shown;
  for (const auto& panel : (*dashboard)["panels"].GetArray()) {
    for (const auto& target : panel["targets"].GetArray()) {
      const std::string expression(json::text_or(target, "expr", ""));
      EXPECT_EQ(prometheus->problem_of(expression), "") << expression;
      for (auto name : all_matches(expression, "(vapisync_\\w+)")) {
        if (name.ends_with("_bucket")) name.resize(name.size() - std::string("_bucket").size());
        EXPECT_TRUE(families.contains(name)) << name << " in " << expression;
        shown.insert(name);
      }
    }
  }
  EXPECT_EQ(shown, families) << "every family has its panel";
}

TEST_F(Monitoring, AnOutageOfVapiAlertsAndEnds) {
  stage.sandbox.set_faults(R"([{"answer":{"status":503}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"A"},"outbound":{"name":"B"}})");
  prometheus->await_firing("VapisyncVapiOutage");
  stage.sandbox.clear_faults();
  await_end("r1");
  prometheus->await_resolved("VapisyncVapiOutage");
}

TEST_F(Monitoring, ARefusedKeyAlertsAndEnds) {
  stage.sandbox.set_faults(R"([{"answer":{"status":401}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"A"}})");
  prometheus->await_firing("VapisyncCredentialsRejected");
  stage.sandbox.clear_faults();
  stage.run({"retry", "--now", "--keys"});
  await_end("r1");
  prometheus->await_resolved("VapisyncCredentialsRejected");
}

TEST_F(Monitoring, ASaveThatWaitsForTooLongAlertsAndEnds) {
  stage.sandbox.set_faults(R"([{"answer":{"status":503}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"A"},"outbound":{"name":"B"}})");
  stage.sql("UPDATE vapisync.outbox SET created_at = now() - interval '1 hour' WHERE version = 2");
  prometheus->await_firing("VapisyncOverdueSaves");
  stage.sandbox.clear_faults();
  await_end("r1");
  prometheus->await_resolved("VapisyncOverdueSaves");
}

TEST_F(Monitoring, AnObjectThatIsNobodysAlertsUntilItIsGone) {
  stage.sql(
      "INSERT INTO vapisync.leftovers (account_id, kind, remote_id, reason)"
      " VALUES ('o1', 'assistant', 'a1', 'copy')");
  prometheus->await_firing("VapisyncLeftovers");
  stage.sql("DELETE FROM vapisync.leftovers");
  prometheus->await_resolved("VapisyncLeftovers");
}

TEST_F(Monitoring, ADaemonThatIsGoneAlertsUntilOneIsBack) {
  const auto address = pages_of(*daemon).substr(std::string("http://").size());
  daemon->signal(SIGTERM);
  EXPECT_EQ(daemon->wait(), 0);
  prometheus->await_firing("VapisyncDown");
  prometheus->await_firing("VapisyncInstanceDown");
  daemon = stage.start_daemon({"http.listen=" + address});
  prometheus->await_resolved("VapisyncDown");
  prometheus->await_resolved("VapisyncInstanceDown");
}

TEST_F(Monitoring, ADaemonWithoutItsDatabaseAlertsUntilItIsBack) {
  const auto name = stage.sql("SELECT current_database()");
  stage.sql("ALTER DATABASE " + name + " CONNECTION LIMIT 0");
  stage.sql(
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
      " WHERE usename = 'app_daemon' AND datname = current_database()");
  prometheus->await_firing("VapisyncNotReady");
  stage.sql("ALTER DATABASE " + name + " CONNECTION LIMIT -1");
  prometheus->await_resolved("VapisyncNotReady");
}

TEST(ADaemonThatNeverReachedItsDatabase, AlertsFromTheStart) {
  Stage stage;
  const auto daemon = stage.launch_daemon({"database.url=postgresql://app@/x?host=/nonexistent"});
  daemon->await("serve.waiting");
  std::filesystem::create_directory(stage.path("prometheus"));
  Prometheus prometheus(stage.path("prometheus"),
                        pages_of(*daemon).substr(std::string("http://").size()));
  prometheus.await_firing("VapisyncNotReady");
}

TEST_F(Monitoring, AVapiThatRefusesToTakeBackAlerts) {
  stage.sandbox.set_faults(R"([{"match":{"body":"Nico"},"answer":{"status":400,"delay_ms":500}},)"
                           R"({"match":{"body":"\"Out\""},"answer":{"status":400}}])");
  stage.save("acme", "r1", R"({"inbound":{"voice":"Nico"},"outbound":{"name":"New"}})");
  daemon->await("save.not_undone");
  prometheus->await_firing("VapisyncPutBackRejected");
  prometheus->await_firing("VapisyncFailedSaves");
  stage.sandbox.clear_faults();
  stage.run({"retry", "--org", "acme", "--now"});
  prometheus->await_resolved("VapisyncFailedSaves");
  prometheus->await_resolved("VapisyncPutBackRejected");
}

TEST_F(Monitoring, ADaemonThatRecordsNothingAlertsUntilItDoes) {
  const auto address = pages_of(*daemon).substr(std::string("http://").size());
  daemon->signal(SIGTERM);
  daemon->wait();
  daemon = stage.start_daemon({"http.listen=" + address, "engine.in_flight=1"});
  {
    pqxx::connection other(stage.database.url());
    pqxx::work lock(other);
    lock.exec("LOCK TABLE vapisync.outcomes IN ACCESS EXCLUSIVE MODE");
    stage.save("acme", "r1", R"({"inbound":{"name":"A"},"outbound":{"name":"B"}})");
    stage.sandbox.await_requests("PATCH");
    prometheus->await_firing("VapisyncNoProgress", std::chrono::minutes(3));
  }
  await_end("r1");
  prometheus->await_resolved("VapisyncNoProgress");
}

}  // namespace
}  // namespace vapisync::test
