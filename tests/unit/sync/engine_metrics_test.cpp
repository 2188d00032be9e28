// What a report counts as.
#include "sync/engine_metrics.hpp"

#include <gtest/gtest.h>

namespace vapisync::sync {
namespace {

using db::Outcome;

struct EngineMetricsTest : ::testing::Test {
  EngineMetricsTest() {
    claim.version = 2;
    claim.live_version = 1;
    claim.remote.id = "a1";
    claim.age = Milliseconds{200};
    report.claim = &claim;
    report.remote = claim.remote;
    report.wrote = true;
    report.took = Milliseconds{40};
    receipt.recorded = db::Recorded::done;
  }

  void end(Outcome outcome, int status = 0, const char* code = "") {
    report.outcome = outcome;
    report.phase = "send";
    if (*code != '\0') report.error = make_error(Verdict::retry, code, "words");
    if (report.error) report.error->status = status;
    counted.count(report, receipt);
  }
  bool has(const std::string& line) {
    return ("\n" + metrics.text()).find("\n" + line + "\n") != std::string::npos;
  }

  Metrics metrics;
  EngineMetrics counted{metrics};
  db::Claim claim;
  db::Report report;
  db::Receipt receipt;
};

TEST_F(EngineMetricsTest, AConfirmationTookAsLongAsSinceItsCommit) {
  end(Outcome::confirmed);
  EXPECT_TRUE(has("vapisync_convergence_seconds_sum 0.24")) << metrics.text();
  EXPECT_FALSE(has("vapisync_last_progress_timestamp_seconds 0"));
}

TEST_F(EngineMetricsTest, ALookAtWhatWasConfirmedBeforeIsNoConvergence) {
  claim.live_version = 2;
  report.wrote = false;
  end(Outcome::confirmed);
  EXPECT_TRUE(has("vapisync_convergence_seconds_count 0")) << metrics.text();
  EXPECT_TRUE(has(R"(vapisync_repairs_total{reason="drift"} 0)")) << metrics.text();
}

TEST_F(EngineMetricsTest, WhatMustBeSentAgainWasDriftOrALateWrite) {
  claim.live_version = 2;
  end(Outcome::confirmed);
  claim.open = true;
  end(Outcome::confirmed);
  claim.live_version = 1;
  end(Outcome::confirmed);
  EXPECT_TRUE(has(R"(vapisync_repairs_total{reason="drift"} 1)")) << metrics.text();
  EXPECT_TRUE(has(R"(vapisync_repairs_total{reason="late_write"} 1)")) << metrics.text();
}

TEST_F(EngineMetricsTest, AnObjectThatIsGoneOrLeftBehindIsARepair) {
  end(Outcome::forgotten, 0, "remote_gone");
  end(Outcome::forgotten, 0, "other_account");
  EXPECT_TRUE(has(R"(vapisync_repairs_total{reason="remote_gone"} 1)")) << metrics.text();
  EXPECT_TRUE(has(R"(vapisync_repairs_total{reason="other_account"} 1)")) << metrics.text();
}

TEST_F(EngineMetricsTest, ACreateWithoutAnAnswerIsAmbiguousAndARetry) {
  report.wrote_marker = "m1";
  report.error = make_error(Verdict::unknown, "timeout", "words");
  end(Outcome::retry);
  EXPECT_TRUE(has("vapisync_ambiguous_creates_total 1")) << metrics.text();
  EXPECT_TRUE(has(R"(vapisync_retries_total{reason="network"} 1)")) << metrics.text();
}

TEST_F(EngineMetricsTest, AnObjectThatIsFoundIsAdoptedAndOneThatIsMadeIsNot) {
  report.remote.id = "a2";
  end(Outcome::confirmed);
  report.wrote_marker = "m1";
  end(Outcome::confirmed);
  EXPECT_TRUE(has("vapisync_adoptions_total 1")) << metrics.text();
}

TEST_F(EngineMetricsTest, ALostClaimIsNothingElse) {
  receipt.recorded = db::Recorded::lost;
  end(Outcome::confirmed);
  EXPECT_TRUE(has("vapisync_lost_claims_total 1")) << metrics.text();
  EXPECT_TRUE(has("vapisync_convergence_seconds_count 0")) << metrics.text();
}

TEST_F(EngineMetricsTest, OtherValuesThanWereSentAreCounted) {
  report.warnings = R"([{"code":"normalised"}])";
  end(Outcome::confirmed);
  EXPECT_TRUE(has("vapisync_normalised_total 1")) << metrics.text();
  claim.live_version = claim.version;  // a look at what was counted when it was sent
  end(Outcome::confirmed);
  EXPECT_TRUE(has("vapisync_normalised_total 1")) << metrics.text();
}

TEST_F(EngineMetricsTest, EveryRetryHasAReason) {
  const auto reason = [this](const char* phase, int status, const char* code) {
    report.outcome = Outcome::retry;
    report.phase = phase;
    report.error.reset();
    if (*code != '\0') report.error = make_error(Verdict::retry, code, "words");
    if (report.error) report.error->status = status;
    return retry_reason(report);
  };
  EXPECT_EQ(reason("send", 429, "http_429"), RetryReason::throttled);
  EXPECT_EQ(reason("verify", 500, "http_500"), RetryReason::vapi);
  EXPECT_EQ(reason("send", 0, "timeout"), RetryReason::network);
  EXPECT_EQ(reason("send", 200, "unreadable_answer"), RetryReason::unreadable);
  EXPECT_EQ(reason("record", 0, "sql_22P05"), RetryReason::database);
  EXPECT_EQ(reason("", 0, ""), RetryReason::open_request);
  EXPECT_EQ(reason("validate", 0, "undecided"), RetryReason::other);
  report.waits = true;
  EXPECT_EQ(reason("", 0, ""), RetryReason::reference);
}

}  // namespace
}  // namespace vapisync::sync
