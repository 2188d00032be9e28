// Interleavings that the simulation found, each cut down to what it needs.
#include "unit/sync/world.hpp"

namespace vapisync::sync {
namespace {

using db::Outcome;

/// An earlier version, sent with an unknown outcome, had a property that Vapi does not know.
db::Claim mended_after_a_mistake(World& world) {
  db::Claim claim = world.live(R"({"name":"mended"})");
  claim.open = true;
  claim.open_keys = {"bogus", "name"};
  return claim;
}

constexpr const char* refusal =
    R"({"message":["property bogus should not exist"],"error":"Bad Request","statusCode":400})";

TEST(SyncerFound, ARefusedResetOfAKeyThatIsNotThereDoesNotFallOnTheDocument) {
  World world;
  const db::Claim claim = mended_after_a_mistake(world);
  world.vapi.answer(400, refusal).answer(200, World::object(R"("name":"A")"));
  world.vapi.reply(stored(200));
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(world.vapi.lines(),
            (Lines{"PATCH /assistant/a1", "GET /assistant/a1", "PATCH /assistant/a1"}));
  EXPECT_EQ(world.vapi.requests[2].body.find("bogus"), std::string::npos);
}

TEST(SyncerFound, ARefusedResetOfAKeyThatIsThereIsRejected) {
  World world;
  const db::Claim claim = mended_after_a_mistake(world);
  world.vapi.answer(400, refusal).answer(200, World::object(R"("name":"A","bogus":5)"));
  EXPECT_EQ(world.sync(claim).outcome, Outcome::rejected);
  EXPECT_EQ(world.vapi.left(), 0U);
}

TEST(SyncerFound, AReadThatFindsNothingIsNotBelievedBeforeAWriteFindsNothingToo) {
  World world;
  db::Claim claim = world.live();
  claim.remote.live_hash = json::hash(*json::parse(claim.payload));
  world.vapi.answer(404).reply(stored(200));
  EXPECT_EQ(world.sync(claim).outcome, Outcome::confirmed);
  EXPECT_EQ(world.vapi.lines(), (Lines{"GET /assistant/a1", "PATCH /assistant/a1"}));
}

TEST(SyncerFound, ANewObjectThatCanNotBeReadYetIsNotForgotten) {
  World world;
  world.vapi.reply(stored(201, R"({"name":"normalised"})")).answer(404).reply(stored(200));
  const auto report = world.sync(world.fresh());
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(report.remote.id, "a1");
}

TEST(SyncerFound, WhatIsRefusedThoughItWasStoredGetsALastLook) {
  World world;
  for (int i = 0; i < 3; ++i) world.vapi.reply(stored(200, R"({"name":null})"));
  const auto report = world.sync(world.live());
  EXPECT_EQ(report.outcome, Outcome::rejected);
  EXPECT_EQ(report.error->code, "not_stored");
  EXPECT_TRUE(report.opens);
}

TEST(SyncerFound, GivingUpAfterAnUpdateThatStandsUnverifiedGetsALastLook) {
  World world;
  db::Claim claim = world.live();
  claim.remote.live_hash.clear();  // an earlier claim's update was answered, and then no more
  claim.attempts = 49;
  world.vapi.answer(429);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::rejected);
  EXPECT_TRUE(report.opens);
}

TEST(SyncerFound, ARenewalThatTookLongerThanTheLeaseHoldsNothing) {
  World world;
  db::Claim claim = world.live();
  claim.lease_end = world.clock.now();
  world.store.before_renewal = [&world] {
    return sleep_for(world.clock, std::chrono::seconds(70));
  };
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::released);
  EXPECT_TRUE(world.vapi.requests.empty());
}

TEST(SyncerFound, AReadNeedsALeaseThatOutlastsItToo) {
  World world;
  db::Claim claim = world.live();
  claim.remote.live_hash = json::hash(*json::parse(claim.payload));
  claim.lease_end = world.clock.now();
  world.store.renewals_succeed = false;
  EXPECT_EQ(world.sync(claim).outcome, Outcome::released);
  EXPECT_TRUE(world.vapi.requests.empty());
}

TEST(SyncerFound, ALastLookThatEndsEarlyKeepsTheKeysOfWhatWasOpen) {
  World world;
  db::Claim claim = world.live();
  claim.blocked = true;
  claim.live_payload = R"({"name":"A"})";
  claim.open = true;
  claim.open_age = std::chrono::seconds(90);
  claim.open_keys = {"name", "voicemailMessage"};
  world.vapi.answer(200, World::object(R"("name":"A","voicemailMessage":"x")"));
  world.vapi.fail("connect_failed", false);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::retry);
  EXPECT_TRUE(report.clears_open);
  EXPECT_EQ(report.remote.sent_keys, (Lines{"metadata", "name", "voicemailMessage"}));
}

TEST(SyncerFound, WhatWasWrittenIsToldWhateverBecomesOfTheClaim) {
  World world;
  world.vapi.fail("timeout", true);
  const auto report = world.sync(world.fresh());
  EXPECT_TRUE(report.wrote);
  EXPECT_EQ(report.wrote_keys, (Lines{"metadata", "name"}));
  EXPECT_EQ(report.wrote_marker.size(), 16U);
}

/// A daemon that was stopped made the object late, from a version that nobody has open any more.
void let_find_what_an_old_version_made(World& world) {
  const auto object =
      World::object(R"("name":"old","voice":{"provider":"vapi"},"theirs":1)", "late");
  world.vapi.answer(200, "[" + object + "]").answer(200, object);
  world.vapi.reply(stored(200, R"({"id":"late"})"));
  world.store.keys_ever_wanted = {"endCallMessage", "name", "voice"};
}

constexpr const char* without_what_the_old_version_had =
    R"({"metadata":{"vapisync":{"a":"m1","r":"inst/7"}},"name":"A","voice":null})";

TEST(SyncerFound, WhatAnOlderVersionLeftInAnAdoptedObjectIsReset) {
  World world;
  db::Claim claim = world.fresh();
  claim.open = true;
  claim.open_keys = {"name"};
  let_find_what_an_old_version_made(world);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(json::canonical(*json::parse(world.vapi.requests[2].body)),
            without_what_the_old_version_had);
}

TEST(SyncerFound, WhatAnOlderVersionLeftInTheStandInOfALostObjectIsReset) {
  World world;
  db::Claim claim = world.live(R"({"name":"A"})");
  claim.remote.live_hash.clear();
  world.vapi.answer(404).answer(404);
  let_find_what_an_old_version_made(world);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(report.remote.id, "late");
  EXPECT_EQ(json::canonical(*json::parse(world.vapi.requests[4].body)),
            without_what_the_old_version_had);
}

TEST(SyncerFound, NothingIsAdoptedWhileNobodyCanSayWhatItMayHold) {
  World world;
  db::Claim claim = world.fresh();
  claim.open = true;
  world.vapi.answer(200, "[" + World::object("", "late") + "]");
  world.store.down = true;
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::released);
  EXPECT_EQ(report.remote.id, "");
}

}  // namespace
}  // namespace vapisync::sync
