// The story of an operator: something is stuck; what, why, and how it goes on. Real daemon, real
// commands, a Vapi that refuses a voice and is mended.
#include <algorithm>
#include <csignal>
#include <gtest/gtest.h>

#include "support/convergence.hpp"
#include "support/operator.hpp"
#include "support/prometheus.hpp"

namespace vapisync::test {
namespace {

struct OperatorStory : ::testing::Test {
  OperatorStage stage;
  std::unique_ptr<Process> daemon = stage.start_daemon();

  void SetUp() override {
    stage.save("acme", "r0", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
    await_end("r0");
  }
  void await_end(const std::string& request) {
    await_sql(
        stage.database.url(),
        "SELECT finished_at IS NOT NULL FROM vapisync.saves WHERE request_id = '" + request + "'",
        "t");
  }
  /// A save that holds, of which Vapi refuses the voice; outbound's part is taken.
  void get_stuck() {
    stage.refuse_voice("Nico");
    stage.hold("h", R"({"inbound":{"voice":"Nico"},"outbound":{"name":"New"}})");
    daemon->await("sync.rejected", of_request("h"));
    await_end("h");
  }
  std::string address() { return pages_of(*daemon).substr(std::string("http://").size()); }
  std::string metrics() { return http_exchange(pages_of(*daemon), "GET", "/metrics").body; }
  bool vapi_has(const std::string& text) {
    return contains(http_exchange(stage.sandbox.url(), "GET", "/_sandbox/state").body, text);
  }
};

TEST_F(OperatorStory, WhatVapiRefusedIsFoundMendedReplayedAndGreenAgain) {
  Prometheus prometheus(stage.path(""), address());
  EXPECT_EQ(prometheus.firing(), std::vector<std::string>{});
  EXPECT_EQ(stage.run({"status"}).exit_code, 0);
  get_stuck();
  prometheus.await_firing("VapisyncFailedSaves");
  EXPECT_TRUE(contains(metrics(), R"(vapisync_unconverged_resources{state="blocked"} 1)"));
  EXPECT_TRUE(contains(metrics(), R"(vapisync_saves_total{state="failed",tier="agents"} 1)"));

  const Ran red = stage.run({"status"});
  EXPECT_EQ(red.exit_code, 2);
  EXPECT_TRUE(contains(red.out, "NOT HEALTHY")) << red.out;
  EXPECT_TRUE(contains(red.out, "1 resource is blocked")) << red.out;

  const Ran list = stage.run({"outbox", "list"});
  const auto id = stage.entry_of("h", "inbound");
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_TRUE(contains(list.out, id)) << list.out;
  EXPECT_TRUE(contains(list.out, "voice.voiceId must be one of the following values")) << list.out;
  EXPECT_FALSE(contains(list.out, "outbound")) << list.out;

  const Ran why = stage.run({"why", "assistant/inbound", "--org", "acme"});
  EXPECT_EQ(why.exit_code, 2);
  EXPECT_TRUE(contains(why.out, "assistant/inbound of org acme: blocked")) << why.out;
  EXPECT_TRUE(contains(why.out, "at voice.voiceId")) << why.out;
  EXPECT_TRUE(contains(why.out, "nothing by itself")) << why.out;

  stage.sandbox.clear_faults();
  const Ran dry = stage.run({"outbox", "replay", id, "--dry-run"});
  EXPECT_EQ(dry.exit_code, 2) << dry.err;
  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.saves"), "2");
  const Ran replay = stage.run({"outbox", "replay", id, "--actor", "ann"});
  EXPECT_EQ(replay.exit_code, 0) << replay.err;
  EXPECT_TRUE(contains(replay.out, "replayed as request h~replay-1")) << replay.out;
  await_end("h~replay-1");
  EXPECT_TRUE(vapi_has("Nico"));
  EXPECT_EQ(stage.sql("SELECT actor FROM vapisync.saves WHERE request_id = 'h~replay-1'"), "ann");

  const Ran green = stage.run({"status"});
  EXPECT_EQ(green.exit_code, 0) << green.out;
  prometheus.await_resolved("VapisyncFailedSaves");
  EXPECT_EQ(prometheus.firing(), std::vector<std::string>{});
  EXPECT_TRUE(contains(metrics(), R"(vapisync_unconverged_resources{state="blocked"} 0)"));
  EXPECT_EQ(stage.run({"outbox", "list"}).out, "no such entries\n");
  EXPECT_TRUE(contains(stage.run({"outbox", "list", "--state", "failed"}).out, "failed, mended"));
}

TEST_F(OperatorStory, AllThatFailedForOneReasonIsReplayedAtOnce) {
  get_stuck();
  EXPECT_EQ(stage.run({"outbox", "replay", "--error", "no such words"}).out,
            "nothing to do: no such entries that failed\n");
  EXPECT_EQ(stage.run({"outbox", "replay", "--all"}).exit_code, 0) << "too early: it fails again";
  await_end("h~replay-1");
  stage.sandbox.clear_faults();
  const Ran replay = stage.run({"outbox", "replay", "--error", "voice.voiceId", "--since", "1h"});
  EXPECT_EQ(replay.exit_code, 0) << replay.out << replay.err;
  EXPECT_EQ(std::count(replay.out.begin(), replay.out.end(), '\n'), 1) << replay.out;
  await_end("h~replay-2");
  EXPECT_EQ(stage.run({"status"}).exit_code, 0);
  EXPECT_EQ(stage.run({"outbox", "replay"}).exit_code, 1) << "everything is never meant by nothing";
}

TEST_F(OperatorStory, WhatIsGivenUpIsDiscardedInDatabaseAndVapi) {
  get_stuck();
  const auto id = stage.entry_of("h", "inbound");
  const Ran dry = stage.run({"outbox", "discard", id, "--dry-run"});
  EXPECT_EQ(dry.exit_code, 2) << dry.err;
  EXPECT_TRUE(contains(dry.out, R"(voice.voiceId: "Nico" -> "Elliot")")) << dry.out;
  EXPECT_EQ(stage.run({"outbox", "discard", id, "--actor", "ann"}).exit_code, 0);
  await_end("h");
  EXPECT_TRUE(vapi_has(R"("name":"Out")"));
  EXPECT_FALSE(vapi_has("Nico"));
  EXPECT_EQ(stage.run({"status"}).exit_code, 0);
  const Ran shown = stage.run({"saves", "show", "h"});
  EXPECT_TRUE(contains(shown.out, "request h of org acme: rolled_back")) << shown.out;
  EXPECT_TRUE(contains(shown.out, "discard by ann")) << shown.out;
}

TEST_F(OperatorStory, AMendedVapiIsTriedAgainWithoutANewVersion) {
  get_stuck();
  stage.sandbox.clear_faults();
  EXPECT_EQ(stage.run({"retry", "--org", "acme"}).exit_code, 2) << "it only counts";
  EXPECT_TRUE(contains(stage.run({"status"}).out, "1 blocked"));
  const Ran retry = stage.run({"retry", "assistant/inbound", "--org", "acme", "--now"});
  EXPECT_EQ(retry.exit_code, 0) << retry.err;
  EXPECT_TRUE(contains(retry.out, "due now: 1 of 1 resource")) << retry.out;
  daemon->await("sync.synced", [](const json::Value& line) {
    return json::text_or(line, "resource", "") == "assistant/inbound";
  });
  EXPECT_TRUE(vapi_has("Nico"));
  EXPECT_EQ(stage.run({"status"}).exit_code, 0);
}

TEST_F(OperatorStory, AnEarlierVersionIsWantedAgainAndReachesVapi) {
  stage.save("acme", "r1", R"({"inbound":{"name":"Second"}})");
  await_end("r1");
  const Ran dry =
      stage.run({"rollback", "assistant/inbound", "--org", "acme", "--to", "1", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 2);
  EXPECT_TRUE(contains(dry.out, R"(name: "Second" -> "In")")) << dry.out;
  const Ran done =
      stage.run({"rollback", "assistant/inbound", "--org", "acme", "--to", "1", "--actor", "ann"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  daemon->await("sync.synced",
                [](const json::Value& line) { return json::int_or(line, "version", 0) == 3; });
  EXPECT_TRUE(vapi_has(R"("name":"In")"));
  const Ran history = stage.run({"history", "assistant/inbound", "--org", "acme"});
  EXPECT_TRUE(contains(history.out, "v3 live")) << history.out;
  EXPECT_TRUE(contains(history.out, "revert")) << history.out;
  EXPECT_TRUE(contains(history.out, "ann")) << history.out;
}

TEST_F(OperatorStory, APausedOrgWaitsAndSaysSoUntilItIsResumed) {
  EXPECT_EQ(stage.run({"org", "pause", "acme", "--reason", "they move"}).exit_code, 0);
  stage.save("acme", "r1", R"({"inbound":{"name":"Later"}})");
  stage.save("other", "o1", R"({"inbound":{"name":"Now"}})");
  daemon->await("sync.synced", of_request("o1"));
  EXPECT_FALSE(vapi_has("Later"));
  const Ran why = stage.run({"why", "assistant/inbound", "--org", "acme"});
  EXPECT_TRUE(contains(why.out, "an operator paused the org: they move")) << why.out;
  EXPECT_TRUE(contains(why.out, "nothing until vapisync org resume acme")) << why.out;
  const Ran status = stage.run({"status"});
  EXPECT_TRUE(contains(status.out, "they move")) << status.out;
  EXPECT_EQ(status.exit_code, 0) << "an operator's own act is no trouble";
  EXPECT_EQ(stage.run({"org", "resume", "acme"}).exit_code, 0);
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_TRUE(vapi_has("Later"));
  EXPECT_TRUE(contains(stage.run({"org", "resume", "acme"}).out, "was not paused already"));
  EXPECT_EQ(stage.run({"org", "pause", "nobody"}).exit_code, 1);
}

TEST_F(OperatorStory, EverythingButTheCallsToVapiWorksWhileTheDaemonIsDown) {
  get_stuck();
  daemon->signal(SIGTERM);
  daemon->wait();
  stage.sql("UPDATE vapisync.daemons SET seen_at = now() - interval '1 minute'");
  const Ran status = stage.run({"status"});
  EXPECT_EQ(status.exit_code, 2);
  EXPECT_TRUE(contains(status.out, "no daemon has been seen")) << status.out;
  const auto id = stage.entry_of("h", "inbound");
  EXPECT_EQ(stage.run({"outbox", "show", id}).exit_code, 0);
  EXPECT_EQ(stage.run({"outbox", "replay", id}).exit_code, 0);
  EXPECT_TRUE(contains(stage.run({"outbox", "replay", id}).out,
                       "is on its way already, as request h~replay-1"));
  EXPECT_TRUE(contains(stage.run({"why", "assistant/inbound", "--org", "acme"}).out,
                       "nothing until a daemon runs"));
  stage.sandbox.clear_faults();
  daemon = stage.start_daemon();
  await_end("h~replay-1");
  EXPECT_EQ(stage.run({"status"}).exit_code, 0);
}

TEST_F(OperatorStory, ARefusedKeyIsNamedByStatusAndWhyAndTriedAgain) {
  stage.sandbox.set_faults(R"([{"answer":{"status":401}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"Later"}})");
  daemon->await("credential.refused");
  while (stage.sql("SELECT count(*) FROM vapisync.credentials WHERE state = 'paused'") != "1") {
  }
  const Ran status = stage.run({"status"});
  EXPECT_EQ(status.exit_code, 2);
  EXPECT_TRUE(contains(status.out, "the platform's")) << status.out;
  EXPECT_TRUE(contains(status.out, "http_401")) << status.out;
  EXPECT_TRUE(contains(stage.run({"why", "assistant/inbound", "--org", "acme"}).out,
                       "Vapi refuses or throttles its key"));
  const Ran retry = stage.run({"retry", "--now", "--keys"});
  EXPECT_TRUE(contains(retry.out, "pauses ended: 1 key")) << retry.out;
}

}  // namespace
}  // namespace vapisync::test
