// Taking turns: nobody's backlog stands in front of another's single save.
#include "core/fair_queue.hpp"

#include <gtest/gtest.h>
#include <map>

namespace vapisync::core {
namespace {

FairQueue::Limits unlimited(int orgs, int per_org) {
  return {orgs, per_org, [](int64_t) { return 1'000; }};
}

std::string text(const std::vector<Share>& shares) {
  std::string out;
  for (const auto& share : shares) out += share.org + std::to_string(share.rows) + " ";
  return out;
}

/// A deal in which everybody is reached.
std::string turn(FairQueue& queue, const FairQueue::Limits& limits) {
  const auto shares = queue.deal(limits);
  queue.end_turn(shares, shares.size());
  return text(shares);
}

TEST(FairQueue, GoesRoundFromWhereTheLastDealStopped) {
  FairQueue queue;
  for (const auto* org : {"a", "b", "c"}) queue.add(org, 1);
  EXPECT_EQ(turn(queue, unlimited(2, 2)), "a2 b2 ");
  EXPECT_EQ(turn(queue, unlimited(2, 2)), "c2 a2 ");
}

TEST(FairQueue, WhoWasDealtInAndNotReachedIsNextInTheSameOrder) {
  FairQueue queue;
  for (const auto* org : {"a", "b", "c", "d"}) queue.add(org, 1);
  const auto shares = queue.deal(unlimited(3, 2));
  ASSERT_EQ(text(shares), "a2 b2 c2 ");
  queue.end_turn(shares, 1);
  EXPECT_EQ(turn(queue, unlimited(4, 2)), "b2 c2 d2 a2 ");
}

TEST(FairQueue, NobodyIsDealtInTwiceAtATime) {
  FairQueue queue;
  queue.add("a", 1);
  const auto first = queue.deal(unlimited(4, 2));
  queue.add("a", 1);
  EXPECT_EQ(text(queue.deal(unlimited(4, 2))), "");
  queue.end_turn(first, 1);
  EXPECT_EQ(turn(queue, unlimited(4, 2)), "a2 ");
}

TEST(FairQueue, WhoLeavesDuringItsTurnIsGoneAndWhoComesBackStandsInOnePlace) {
  FairQueue queue;
  for (const auto* org : {"a", "b"}) queue.add(org, 1);
  const auto shares = queue.deal(unlimited(4, 2));
  queue.remove("a");
  queue.remove("b");
  queue.add("b", 1);
  queue.end_turn(shares, 2);
  EXPECT_EQ(text(queue.deal(unlimited(4, 2))), "b2 ");
}

TEST(FairQueue, OneOrgGetsNoMoreThanATurnHoweverMuchIsFree) {
  FairQueue queue;
  queue.add("a", 1);
  EXPECT_EQ(text(queue.deal(unlimited(200, 16))), "a16 ");
}

TEST(FairQueue, ACredentialsAllowanceIsSharedByItsOrgs) {
  FairQueue queue;
  for (const auto* org : {"a", "b", "c"}) queue.add(org, 1);
  queue.add("d", 2);
  const std::map<int64_t, int> allowed{{1, 3}, {2, 1}};
  const FairQueue::Limits limits{100, 2, [&](int64_t id) { return allowed.at(id); }};
  EXPECT_EQ(turn(queue, limits), "a2 b1 d1 ");
}

TEST(FairQueue, AnOrgWhoseCredentialRestsKeepsNobodyWaiting) {
  FairQueue queue;
  queue.add("resting", 1);
  queue.add("ready", 2);
  const FairQueue::Limits limits{1, 1, [](int64_t id) { return id == 1 ? 0 : 1; }};
  EXPECT_EQ(text(queue.deal(limits)), "ready1 ");
}

TEST(FairQueue, AnOrgThatGotNothingIsNextWhenItsCredentialHasASlotAgain) {
  FairQueue queue;
  queue.add("backlog", 1);
  queue.add("single", 1);
  const FairQueue::Limits one_slot{100, 16, [](int64_t) { return 1; }};
  EXPECT_EQ(turn(queue, one_slot), "backlog1 ");
  EXPECT_EQ(turn(queue, one_slot), "single1 ");
  EXPECT_EQ(turn(queue, one_slot), "backlog1 ");
}

TEST(FairQueue, AddingAgainKeepsThePlaceAndRemovingForgets) {
  FairQueue queue;
  queue.add("a", 1);
  queue.add("b", 1);
  queue.add("a", 1);
  queue.remove("b");
  queue.remove("unknown");
  EXPECT_EQ(turn(queue, unlimited(10, 1)), "a1 ");
  queue.remove("a");
  EXPECT_TRUE(queue.empty());
}

TEST(FairQueue, AnOrgThatGetsAnotherCredentialKeepsItsPlaceUnderThatOne) {
  FairQueue queue;
  queue.add("a", 1);
  queue.add("b", 1);
  queue.add("a", 2);
  const auto shares = queue.deal(unlimited(2, 1));
  ASSERT_EQ(text(shares), "a1 b1 ");
  EXPECT_EQ(shares[0].credential, 2);
}

}  // namespace
}  // namespace vapisync::core
