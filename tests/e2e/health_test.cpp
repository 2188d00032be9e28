// Health tells the truth: parts of a real daemon are really hung, and it says so; a restart would
// help then, and systemd is asked for it by silence. What Vapi does is no reason for one.
#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "support/await.hpp"
#include "support/notify_socket.hpp"
#include "support/operator.hpp"

namespace vapisync::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds watchdog_limit{2'000};
constexpr auto sign_of_life = "WATCHDOG=1";

/// Stops one thread of a process, as if it hung; the others go on.
class HungThread {
 public:
  explicit HungThread(pid_t thread) : thread_(thread) {
    int status = 0;
    stopped_ = ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) == 0 &&
               ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) == 0 &&
               waitpid(thread_, &status, __WALL) == thread_;
  }
  ~HungThread() {
    if (stopped_) ptrace(PTRACE_DETACH, thread_, nullptr, nullptr);
  }
  HungThread(const HungThread&) = delete;
  HungThread& operator=(const HungThread&) = delete;
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  pid_t thread_;
  bool stopped_{false};
};

struct HealthOf : ::testing::Test {
  OperatorStage stage;
  NotifySocket systemd{stage.path("notify")};
  std::unique_ptr<Process> daemon;
  std::string pages;

  void SetUp() override {
    const auto limit_us = std::chrono::microseconds(watchdog_limit).count();
    stage.environment = {systemd.variable(), "WATCHDOG_USEC=" + std::to_string(limit_us)};
    daemon = stage.start_daemon();
    pages = pages_of(*daemon);
    await_status("/readyz", 200);
  }

  HttpAnswer ask(const std::string& page) { return http_exchange(pages, "GET", page); }
  void await_status(const std::string& page, int status) {
    await(page + " to answer " + std::to_string(status),
          [&] { return ask(page).status == status; });
  }
  void expect_recovered() {
    systemd.await(sign_of_life);
    await_status("/readyz", 200);
    stage.save("acme", "after", R"({"inbound":{"name":"After"}})");
    daemon->await("sync.synced", of_request("after"));
  }
};

TEST_F(HealthOf, ADaemonThatIsWellIsLiveReadyAndFeedsTheWatchdog) {
  EXPECT_EQ(ask("/livez").body, "{\"live\":true,\"reasons\":[]}\n");
  await_status("/readyz", 200);
  EXPECT_TRUE(systemd.hears(sign_of_life, watchdog_limit));
  EXPECT_EQ(ask("/elsewhere").status, 404);
  EXPECT_EQ(http_exchange(pages, "POST", "/livez").status, 405);
}

TEST_F(HealthOf, WhatSystemdMissedIsToldAgain) {
  systemd.await("STATUS=ready");
  systemd.await("STATUS=ready");
}

TEST_F(HealthOf, AHungDatabaseLaneIsNotReadyAndStarvesTheWatchdog) {
  {
    pqxx::connection other(stage.database.url());
    pqxx::work lock(other);
    lock.exec("LOCK TABLE vapisync.work IN ACCESS EXCLUSIVE MODE");
    await_status("/livez", 503);
    const auto ready = ask("/readyz");
    EXPECT_EQ(ready.status, 503);
    EXPECT_TRUE(contains(ready.body, "the database has not answered for")) << ready.body;
    EXPECT_TRUE(contains(ask("/livez").body, R"("reasons":["database")")) << ask("/livez").body;
    systemd.await_silence(sign_of_life, watchdog_limit);
    daemon->await("health.not_ready");
  }
  daemon->await("health.ready");
  expect_recovered();
}

TEST_F(HealthOf, AHungRecorderIsNotReadyAndStarvesTheWatchdog) {
  {
    pqxx::connection other(stage.database.url());
    pqxx::work lock(other);
    lock.exec("LOCK TABLE vapisync.outcomes IN ACCESS EXCLUSIVE MODE");
    stage.save("acme", "r1", R"({"inbound":{"name":"Waits"}})");
    await_status("/livez", 503);
    EXPECT_TRUE(contains(ask("/livez").body, R"("recorder")")) << ask("/livez").body;
    const auto ready = ask("/readyz");
    EXPECT_EQ(ready.status, 503);
    EXPECT_TRUE(contains(ready.body, "outcomes have waited to be written")) << ready.body;
    systemd.await_silence(sign_of_life, watchdog_limit);
  }
  daemon->await("sync.synced", of_request("r1"));
  expect_recovered();
}

TEST_F(HealthOf, ASystemdThatHasNoTimeToReadHoldsNobodyUp) {
  systemd.fill();
  // Two more signs of life are due before the outcome of a slow call.
  stage.sandbox.set_faults(R"([{"delay":{"ms":900}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"In"}})");
  daemon->await("sync.synced", of_request("r1"));
  expect_recovered();
}

TEST_F(HealthOf, AHungLoopAnswersNobodyAndStarvesTheWatchdog) {
  {
    const HungThread loop(daemon->pid());
    ASSERT_TRUE(loop.stopped());
    EXPECT_THROW(http_exchange(pages, "GET", "/readyz", {}, seconds(1)), std::runtime_error);
    systemd.await_silence(sign_of_life, watchdog_limit);
  }
  expect_recovered();
}

TEST_F(HealthOf, ALongOutageOfVapiIsDegradedAndNothingElse) {
  stage.sandbox.set_faults(R"([{"answer":{"status":503}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
  daemon->await("vapi.outage");
  systemd.await("STATUS=ready; degraded: calls to Vapi fail");
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(systemd.hears(sign_of_life, watchdog_limit)) << "after " << i << " limits";
  }
  const auto ready = ask("/readyz");
  EXPECT_EQ(ready.status, 200) << ready.body;
  EXPECT_TRUE(contains(ready.body, "calls to Vapi fail with 1 credentials")) << ready.body;
  EXPECT_EQ(ask("/livez").status, 200);
  EXPECT_TRUE(contains(ask("/metrics").body, R"(vapisync_breaker_state{state="closed"} 0)"));
  stage.sandbox.clear_faults();
  daemon->await("vapi.recovered");
  expect_recovered();
  EXPECT_TRUE(contains(ask("/metrics").body, R"(vapisync_breaker_state{state="closed"} 1)"));
}

TEST(Health, BeforeItsDatabaseIsThereADaemonIsLiveAndNotReady) {
  Stage stage;
  const auto daemon = stage.launch_daemon({"database.url=postgresql://app@/x?host=/nonexistent"});
  daemon->await("serve.waiting");
  const auto ready = http_exchange(pages_of(*daemon), "GET", "/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_TRUE(contains(ready.body, "it has not started")) << ready.body;
  EXPECT_EQ(http_exchange(pages_of(*daemon), "GET", "/livez").status, 200);
}

TEST(Health, ADaemonThatIsTooOldForTheSchemaEndsForGood) {
  Stage stage;
  stage.sql("UPDATE vapisync.meta SET schema_version = 9999, min_binary = 9999");
  const auto daemon = stage.launch_daemon();
  daemon->await("serve.impossible");
  EXPECT_EQ(daemon->wait(), 78) << "systemd does not start it again";
}

TEST(Health, AnAddressThatIsTakenIsNamed) {
  Stage stage;
  const auto first = stage.start_daemon();
  const auto address = pages_of(*first).substr(std::string("http://").size());
  const auto second = stage.launch_daemon({"http.listen=" + address});
  const auto impossible = second->await("serve.impossible");
  EXPECT_TRUE(contains(std::string(json::text_or(impossible, "message", "")), address));
  EXPECT_EQ(second->wait(), 1);
}

}  // namespace
}  // namespace vapisync::test
