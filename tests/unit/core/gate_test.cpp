// What one credential may do: rate, slots, breaker and pauses, at moments the test names.
#include "core/gate.hpp"

#include <gtest/gtest.h>

namespace vapisync::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Breaker = Gate::Breaker;

constexpr TimePoint start{std::chrono::hours(5)};

GateLimits limits() {
  return {.rate_per_second = 1,
          .burst = 5,
          .in_flight = 4,
          .failures_to_open = 3,
          .backoff = {.base = milliseconds{10'000}, .max = milliseconds{60'000}}};
}

GateLimits without_rate() {
  GateLimits out = limits();
  out.rate_per_second = 0;
  return out;
}

/// Failures of different requests.
size_t another() {
  static size_t subject = 0;
  return ++subject;
}

void start_and_finish(Gate& gate, TimePoint now, int times) {
  for (int i = 0; i < times; ++i) {
    gate.started(now);
    gate.finished();
  }
}

TEST(Gate, StartsWithAsManyAsThereAreSlots) {
  Gate gate(limits());
  EXPECT_EQ(gate.allowance(start).count, 4);
  gate.started(start);
  EXPECT_EQ(gate.allowance(start).count, 3);
  gate.finished();
  EXPECT_EQ(gate.allowance(start).count, 4);
}

TEST(Gate, ASpentBurstRefillsAtTheRate) {
  Gate gate(limits());
  start_and_finish(gate, start, 5);
  const auto spent = gate.allowance(start);
  EXPECT_EQ(spent.count, 0);
  EXPECT_EQ(spent.next, start + seconds(1));
  EXPECT_EQ(gate.allowance(start + milliseconds(999)).count, 0);
  EXPECT_EQ(gate.allowance(start + seconds(1)).count, 1);
  EXPECT_EQ(gate.allowance(start + milliseconds(2'500)).count, 2);
}

TEST(Gate, RestNeverSavesMoreThanTheBurst) {
  Gate gate(limits());
  start_and_finish(gate, start, 5);
  start_and_finish(gate, start + std::chrono::hours(1), 5);
  EXPECT_EQ(gate.allowance(start + std::chrono::hours(1)).count, 0);
}

TEST(Gate, FurtherRequestsGoIntoDebtThatLaterClaimsPay) {
  Gate gate(limits());
  gate.started(start);
  for (int i = 0; i < 7; ++i) gate.spend(start);  // 8 requests out of a burst of 5
  gate.finished();
  const auto broke = gate.allowance(start);
  EXPECT_EQ(broke.count, 0);
  EXPECT_EQ(broke.next, start + seconds(4));
  EXPECT_EQ(gate.allowance(start + seconds(4)).count, 1);
}

TEST(Gate, ANextMomentIsNeverTooEarly) {
  GateLimits odd = limits();
  odd.rate_per_second = 3;
  Gate gate(odd);
  start_and_finish(gate, start, 5);
  for (int i = 0; i < 100; ++i) {
    const auto wait = gate.allowance(start);
    if (wait.count > 0) break;
    EXPECT_GE(gate.allowance(wait.next).count, 1);
  }
}

TEST(Gate, WithoutARateOnlySlotsBound) {
  Gate gate(without_rate());
  start_and_finish(gate, start, 10'000);
  EXPECT_EQ(gate.allowance(start).count, 4);
  for (int i = 0; i < 4; ++i) gate.started(start);
  EXPECT_EQ(gate.allowance(start).count, 0);
}

TEST(Gate, OpensAfterFailuresInARow) {
  Gate gate(without_rate());
  EXPECT_FALSE(gate.failed(start, 0.0, another()));
  EXPECT_FALSE(gate.failed(start, 0.0, another()));
  EXPECT_FALSE(gate.succeeded(start)) << "nothing was wrong yet";
  EXPECT_FALSE(gate.failed(start, 0.0, another()));
  EXPECT_FALSE(gate.failed(start, 0.0, another()));
  EXPECT_EQ(gate.breaker(start), Breaker::closed);
  EXPECT_TRUE(gate.failed(start, 0.0, another())) << "the third in a row";
  EXPECT_EQ(gate.breaker(start), Breaker::open);
  const auto closed = gate.allowance(start);
  EXPECT_EQ(closed.count, 0);
  EXPECT_EQ(closed.next, start + seconds(5)) << "at least half of the ceiling";
}

TEST(Gate, OneDocumentThatVapiChokesOnIsNoOutage) {
  Gate gate(without_rate());
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(gate.failed(start, 0.0, 7));
  EXPECT_EQ(gate.breaker(start), Breaker::closed);
  EXPECT_TRUE(gate.failed(start, 0.0, 8)) << "two that fail without a success in between are";
}

TEST(Gate, AListTakesAtMostHalfOfTheRate) {
  GateLimits slow = limits();
  slow.rate_per_second = 4;
  EXPECT_EQ(Gate(slow).page_pause(), milliseconds(500));
  EXPECT_EQ(Gate(without_rate()).page_pause(), milliseconds(0));
}

TEST(Gate, TellsOnlyOnceThatItOpened) {
  Gate gate(without_rate());
  int opened = 0;
  for (int i = 0; i < 20; ++i)
    opened += gate.failed(start + seconds(i * 100), 0.5, another()) ? 1 : 0;
  EXPECT_EQ(opened, 1);
}

TEST(Gate, OneProbeDecides) {
  Gate gate(without_rate());
  for (int i = 0; i < 3; ++i) gate.failed(start, 0.0, another());
  const TimePoint later = start + seconds(5);
  EXPECT_EQ(gate.breaker(later), Breaker::half_open);
  EXPECT_EQ(gate.allowance(later).count, 1);
  gate.started(later);
  EXPECT_EQ(gate.allowance(later).count, 0) << "one at a time";
  EXPECT_TRUE(gate.succeeded(later)) << "this closed it";
  EXPECT_FALSE(gate.succeeded(later));
  gate.finished();
  EXPECT_EQ(gate.breaker(later), Breaker::closed);
  EXPECT_EQ(gate.allowance(later).count, 4);
}

TEST(Gate, AFailedProbeWaitsTwiceAsLong) {
  Gate gate(without_rate());
  TimePoint now = start;
  for (int i = 0; i < 3; ++i) gate.failed(now, 0.0, another());
  for (const int rest : {5, 10, 20, 30, 30, 30}) {
    EXPECT_EQ(gate.allowance(now).next, now + seconds(rest));
    now = now + seconds(rest);
    gate.failed(now, 0.0, another());
  }
}

TEST(Gate, FailuresOfWhatWasInFlightDoNotProlongAnOutage) {
  Gate gate(without_rate());
  for (int i = 0; i < 10; ++i) gate.failed(start, 0.0, another());
  EXPECT_EQ(gate.allowance(start).next, start + seconds(5));
}

TEST(Gate, CanOpenAgainRightAfterItClosed) {
  Gate gate(without_rate());
  for (int i = 0; i < 3; ++i) gate.failed(start, 0.0, another());
  gate.succeeded(start + seconds(1));  // an answer to something sent earlier
  EXPECT_EQ(gate.breaker(start + seconds(1)), Breaker::closed);
  bool opened = false;
  for (int i = 0; i < 3; ++i) opened = gate.failed(start + seconds(2), 0.0, another());
  EXPECT_TRUE(opened);
  EXPECT_EQ(gate.breaker(start + seconds(2)), Breaker::open);
}

TEST(Gate, APauseEndsByItselfAndIsNeverShortened) {
  Gate gate(without_rate());
  gate.pause_until(start + seconds(20));
  gate.pause_until(start + seconds(10));
  EXPECT_TRUE(gate.paused(start + seconds(19)));
  EXPECT_EQ(gate.allowance(start).count, 0);
  EXPECT_EQ(gate.allowance(start).next, start + seconds(20));
  EXPECT_FALSE(gate.paused(start + seconds(20)));
}

TEST(Gate, OneRequestFindsOutWhetherAPauseIsOver) {
  Gate gate(without_rate());
  gate.pause_until(start + seconds(20));
  const TimePoint later = start + seconds(20);
  EXPECT_EQ(gate.allowance(later).count, 1);
  gate.started(later);
  EXPECT_EQ(gate.allowance(later).count, 0);
  EXPECT_TRUE(gate.succeeded(later));
  gate.finished();
  EXPECT_EQ(gate.allowance(later).count, 4);
}

TEST(Gate, ASuccessDuringAPauseSaysNothingAboutIt) {
  Gate gate(without_rate());
  gate.pause_until(start + seconds(20));
  EXPECT_FALSE(gate.succeeded(start + seconds(1))) << "it was sent before the pause";
  EXPECT_TRUE(gate.paused(start + seconds(1)));
  EXPECT_EQ(gate.allowance(start + seconds(20)).count, 1) << "still to be found out";
}

TEST(Gate, AnOperatorEndsAPauseAtOnce) {
  Gate gate(without_rate());
  gate.pause_until(start + seconds(20));
  gate.resume();
  EXPECT_FALSE(gate.paused(start));
  EXPECT_EQ(gate.allowance(start).count, 4);
}

TEST(Gate, APauseOutlastsAnOpenBreaker) {
  Gate gate(without_rate());
  for (int i = 0; i < 3; ++i) gate.failed(start, 0.0, another());
  gate.pause_until(start + seconds(60));
  EXPECT_EQ(gate.allowance(start).next, start + seconds(60));
}

TEST(Gate, NewLimitsHoldFromTheNextQuestionOn) {
  Gate gate(limits());
  GateLimits changed = limits();
  changed.burst = 2;
  changed.in_flight = 1;
  gate.set_limits(changed);
  EXPECT_EQ(gate.allowance(start).count, 1);
  changed.in_flight = 10;
  gate.set_limits(changed);
  EXPECT_EQ(gate.allowance(start).count, 2) << "of five tokens three are given up";
}

}  // namespace
}  // namespace vapisync::core
