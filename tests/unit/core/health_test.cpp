#include "core/health.hpp"

#include <gtest/gtest.h>

namespace vapisync::core {
namespace {

using Texts = std::vector<std::string>;
using std::chrono::seconds;

constexpr HealthLimits limits;

/// Everything goes well, with things under way.
HealthFacts well() {
  HealthFacts facts;
  facts.started = true;
  facts.database_asked = seconds(10);
  facts.recorder_asked = seconds(10);
  facts.outcomes_waited = seconds(10);
  facts.unclaimed = seconds(10);
  facts.unheard = seconds(10);
  return facts;
}

Health judged(auto change) {
  HealthFacts facts = well();
  change(facts);
  return judge(facts, limits);
}

TEST(Health, WhatIsUnderWayForAsLongAsItMayIsWell) {
  const auto health = judge(well(), limits);
  EXPECT_TRUE(health.live());
  EXPECT_TRUE(health.ready());
  EXPECT_EQ(health.degraded, Texts{});
}

TEST(Health, BeforeTheStartItIsNotReadyAndSaysWhy) {
  HealthFacts facts;
  facts.database = "no schema";
  const auto health = judge(facts, limits);
  EXPECT_TRUE(health.live());
  EXPECT_EQ(health.reasons, Texts{"it has not started: no schema"});
}

TEST(Health, AStartThatNothingHasHeldUpYetSaysOnlyThat) {
  EXPECT_EQ(judge(HealthFacts{}, limits).reasons, Texts{"it has not started"});
}

TEST(Health, WhoWasToldToStopIsNotReady) {
  EXPECT_EQ(judged([](auto& f) { f.stopping = true; }).reasons, Texts{"it was told to stop"});
}

TEST(Health, ADatabaseThatRefusesIsNoReasonForARestart) {
  const auto health = judged([](auto& f) { f.database = "refused"; });
  EXPECT_TRUE(health.live());
  EXPECT_EQ(health.reasons, Texts{"the database is not usable: refused"});
}

TEST(Health, ADatabaseThatDoesNotAnswerIsFirstNotReadyThenHung) {
  const auto slow = judged([](auto& f) { f.database_asked = seconds(11); });
  EXPECT_TRUE(slow.live());
  EXPECT_EQ(slow.reasons, Texts{"the database has not answered for 11 s"});
  const auto cut = judged([](auto& f) { f.database_asked = seconds(50); });
  EXPECT_TRUE(cut.live()) << "the pool gives up by itself";
  EXPECT_EQ(judged([](auto& f) { f.database_asked = seconds(61); }).hung, Texts{"database"});
}

TEST(Health, OutcomesThatWaitAreNotReadyAndOnlyAHungStatementIsHung) {
  const auto waiting = judged([](auto& f) { f.outcomes_waited = seconds(3'600); });
  EXPECT_TRUE(waiting.live()) << "the database may be away";
  EXPECT_EQ(waiting.reasons, Texts{"outcomes have waited to be written for 3600 s"});
  EXPECT_EQ(judged([](auto& f) { f.recorder_asked = seconds(61); }).hung, Texts{"recorder"});
}

TEST(Health, WorkThatNobodyClaimsIsNotReady) {
  const auto health = judged([](auto& f) { f.unclaimed = seconds(11); });
  EXPECT_TRUE(health.live());
  EXPECT_EQ(health.reasons, Texts{"nothing could be claimed, though there may be work, for 11 s"});
}

TEST(Health, WhatOthersDoNotLetItDoIsDegradedAndStillReady) {
  const auto health = judged([](auto& f) {
    f.breakers_open = 2;
    f.credentials_paused = 1;
    f.unheard = seconds(11);
  });
  EXPECT_TRUE(health.live());
  EXPECT_TRUE(health.ready());
  EXPECT_EQ(health.degraded,
            (Texts{"calls to Vapi fail with 2 credentials", "1 credentials are paused",
                   "notifications are not heard, so it polls"}));
}

}  // namespace
}  // namespace vapisync::core
