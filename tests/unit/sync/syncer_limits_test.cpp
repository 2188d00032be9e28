// When Vapi's answer is not what was sent, and when nothing may be sent at all.
#include "unit/sync/world.hpp"

namespace vapisync::sync {
namespace {

using db::Outcome;

TEST(SyncerVerify, ANormalisedValueIsReadAgainSentAgainAndThenAWarning) {
  World world;
  const auto other = stored(200, R"({"name":"b"})");
  world.vapi.reply(other).answer(200, World::object(R"("name":"b")")).reply(other);
  const auto report = world.sync(world.live());
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(world.vapi.lines(),
            (Lines{"PATCH /assistant/a1", "GET /assistant/a1", "PATCH /assistant/a1"}));
  const auto warnings = json::parse(report.warnings);
  ASSERT_TRUE(warnings && warnings->Size() == 1);
  EXPECT_EQ(json::text_or((*warnings)[0], "path", ""), "name");
  EXPECT_EQ(json::text_or((*warnings)[0], "sent", ""), "B");
  EXPECT_EQ(json::text_or((*warnings)[0], "stored", ""), "b");
}

TEST(SyncerVerify, AnOldAnswerThatAReadingCorrectsIsNoDifference) {
  World world;
  world.vapi.reply(stored(200, R"({"name":"old"})")).answer(200, World::object(R"("name":"B")"));
  const auto report = world.sync(world.live());
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(report.warnings, "");
}

TEST(SyncerVerify, AValueThatVapiDropsIsRejected) {
  World world;
  const auto without = stored(200, R"({"name":null})");
  world.vapi.reply(without).answer(200, World::object("")).reply(without);
  const auto report = world.sync(world.live());
  EXPECT_EQ(report.outcome, Outcome::rejected);
  EXPECT_EQ(report.error->code, "not_stored");
  EXPECT_EQ(report.error->path, "name");
  EXPECT_EQ(report.phase, "verify");
  EXPECT_EQ(report.remote.live_hash, "") << "nobody knows what stands there";
}

TEST(SyncerVerify, AResetThatVapiIgnoresIsRejected) {
  World world;
  db::Claim claim = world.live();
  claim.remote.sent_keys = {"metadata", "name", "voice"};
  const auto kept = stored(200, R"({"voice":{"provider":"vapi"}})");
  world.vapi.reply(kept).answer(200, World::object(R"("name":"B","voice":{"provider":"vapi"})"));
  world.vapi.reply(kept);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::rejected);
  EXPECT_EQ(report.error->code, "cannot_unset");
  EXPECT_EQ(report.error->path, "voice");
  EXPECT_EQ(report.remote.sent_keys, (Lines{"metadata", "name", "voice"})) << "still there";
}

TEST(SyncerFails, ARefusedKeyReleasesTheClaimAndPausesTheCredential) {
  for (const int status : {401, 402, 403}) {
    World world;
    world.vapi.answer(status, R"({"message":"no"})");
    const auto report = world.sync(world.live());
    EXPECT_EQ(report.outcome, Outcome::released) << status;
    EXPECT_FALSE(report.burn);
    EXPECT_TRUE(world.client.gate().paused(world.clock.now()));
  }
}

TEST(SyncerFails, ARetryWaitsAtLeastAsLongAsVapiAsks) {
  World world;
  http::Response busy;
  busy.status = 503;
  busy.headers.add("Retry-After", "120");
  world.vapi.answer(busy);
  const auto report = world.sync(world.live());
  EXPECT_EQ(report.outcome, Outcome::retry);
  EXPECT_GE(report.delay, std::chrono::seconds(120));
  EXPECT_TRUE(report.burn);
}

TEST(SyncerFails, AttemptsAreBurntOnlyWhileTheBreakerIsClosed) {
  World world;
  db::Claim claim = world.live();
  claim.attempts = 49;
  for (size_t i = 0; i < 5; ++i) world.client.gate().failed(world.clock.now(), 0.5, i);
  world.vapi.answer(500);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::retry) << "Vapi is down for everybody";
  EXPECT_FALSE(report.burn);
}

TEST(SyncerFails, TheLastAttemptIsARejectionThatStaysOpen) {
  World world;
  db::Claim claim = world.live();
  claim.attempts = 49;
  world.vapi.answer(500);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::rejected);
  EXPECT_EQ(report.error->code, "gave_up");
  EXPECT_TRUE(report.opens);
}

TEST(SyncerFails, ADocumentThatIsNoneIsRejectedWithoutACall) {
  for (const auto* payload : {"[1]", "nonsense", "7"}) {
    World world;
    const auto report = world.sync(world.fresh(payload));
    EXPECT_EQ(report.outcome, Outcome::rejected);
    EXPECT_EQ(report.phase, "validate");
    EXPECT_TRUE(world.vapi.requests.empty());
  }
}

TEST(SyncerLease, AnOldLeaseIsRenewedBeforeTheFirstByte) {
  World world;
  db::Claim claim = world.live();
  claim.lease_end = world.clock.now() + std::chrono::seconds(29);
  world.vapi.reply(stored(200));
  EXPECT_EQ(world.sync(claim).outcome, Outcome::confirmed);
  EXPECT_EQ(world.store.renewed, std::vector<int64_t>{7});
}

TEST(SyncerLease, ALeaseThatOutlastsTheRequestIsLeftAlone) {
  World world;
  db::Claim claim = world.live();
  claim.lease_end = world.clock.now() + std::chrono::seconds(30);
  world.vapi.reply(stored(200));
  EXPECT_EQ(world.sync(claim).outcome, Outcome::confirmed);
  EXPECT_TRUE(world.store.renewed.empty());
}

TEST(SyncerLease, NothingIsSentForAClaimThatIsAnothers) {
  World world;
  db::Claim claim = world.live();
  claim.lease_end = world.clock.now();
  world.store.renewals_succeed = false;
  EXPECT_EQ(world.sync(claim).outcome, Outcome::released);
  EXPECT_TRUE(world.vapi.requests.empty());
}

TEST(SyncerLease, NothingIsSentWhenTheDatabaseCannotSayWhoseClaimItIs) {
  World world;
  db::Claim claim = world.live();
  claim.lease_end = world.clock.now();
  world.store.down = true;
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::released);
  EXPECT_FALSE(report.opens);
  EXPECT_FALSE(report.burn);
  EXPECT_TRUE(world.vapi.requests.empty());
}

TEST(SyncerStop, WhatWasNotSentIsReleased) {
  World world;
  world.syncer.stop();
  for (const auto& claim : {world.fresh(), world.live()}) {
    const auto report = world.sync(claim);
    EXPECT_EQ(report.outcome, Outcome::released);
    EXPECT_FALSE(report.burn);
  }
  EXPECT_TRUE(world.vapi.requests.empty());
}

TEST(SyncerStop, WhatWasSentIsFinished) {
  World world;
  world.vapi.reply([&world](const http::Request& request) {
    world.syncer.stop();
    return stored(200, R"({"name":"old"})")(request);
  });
  world.vapi.answer(200, World::object(R"("name":"B")"));
  EXPECT_EQ(world.sync(world.live()).outcome, Outcome::confirmed);
}

TEST(SyncerBlocked, ALastLookMendsWhatIsLive) {
  World world;
  db::Claim claim = world.live(R"({"name":"refused"})");
  claim.blocked = true;
  claim.open = true;
  claim.open_age = std::chrono::seconds(90);
  claim.live_payload = R"({"name":"A"})";
  world.vapi.answer(200, World::object(R"("name":"landed late")")).reply(stored(200));
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::looked);
  EXPECT_TRUE(report.clears_open);
  EXPECT_EQ(json::text_or(*json::parse(world.vapi.requests[1].body), "name", ""), "A");
}

TEST(SyncerBlocked, WithoutAnObjectThereIsNothingToLookAt) {
  World world;
  db::Claim claim = world.fresh();
  claim.blocked = true;
  EXPECT_EQ(world.sync(claim).outcome, Outcome::looked);
  EXPECT_TRUE(world.vapi.requests.empty());
}

TEST(SyncerBlocked, WithoutALiveDocumentNothingIsSent) {
  World world;
  db::Claim claim = world.live();
  claim.blocked = true;
  claim.open = true;
  claim.open_age = std::chrono::seconds(90);
  claim.live_payload.clear();  // it was created, and never verified
  claim.remote.live_hash.clear();
  world.vapi.answer(200, World::object(R"("name":"A")")).reply(stored(200));
  EXPECT_EQ(world.sync(claim).outcome, Outcome::looked);
  for (const auto& line : world.vapi.lines()) EXPECT_FALSE(line.starts_with("PATCH")) << line;
}

TEST(SyncerOpen, AConfirmationKeepsTheKeysThatAnOpenRequestMaySet) {
  World world;
  db::Claim claim = world.live(R"({"name":"B"})");
  claim.version = 3;
  claim.open = true;  // version 2 sent `voice`, and its answer was lost
  claim.open_age = std::chrono::seconds(1);
  claim.open_keys = {"name", "voice"};
  world.vapi.reply(stored(200));
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_FALSE(report.clears_open);
  EXPECT_EQ(report.remote.sent_keys, (Lines{"metadata", "name", "voice"}));
}

TEST(SyncerVerify, AnAnswerWithAnotherIdIsNoConfirmation) {
  World world;
  const auto other = stored(200, R"({"id":"b2"})");
  world.vapi.reply(other).answer(200, World::object(R"("name":"B")", "b2")).reply(other);
  EXPECT_NE(world.sync(world.live()).outcome, Outcome::confirmed);
}

TEST(SyncerVerify, AnAdoptedObjectIsVerifiedLikeAnyOther) {
  World world;
  const auto other = World::object(R"("name":"older")", "b2");
  // GET differs, the PATCH finds no object, and the look-up finds another one.
  world.vapi.answer(200, World::object(R"("name":"x")")).answer(404, "{}").answer(404, "{}");
  world.vapi.answer(200, "[" + other + "]").answer(200, other);
  world.vapi.reply(stored(200, R"({"id":"b2","name":null})"));  // an old answer
  world.vapi.answer(200, World::object(R"("name":"A")", "b2"));
  EXPECT_EQ(world.sync(world.live(R"({"name":"A"})")).outcome, Outcome::confirmed);
}

TEST(SyncerStop, NothingIsReadEither) {
  World world;
  world.syncer.stop();
  world.vapi.answer(200, World::object(R"("name":"A")"));
  EXPECT_EQ(world.sync(world.live(R"({"name":"A"})")).outcome, Outcome::released);
  EXPECT_TRUE(world.vapi.requests.empty());
}

}  // namespace
}  // namespace vapisync::sync
