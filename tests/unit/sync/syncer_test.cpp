// One claim on its way to a report: what is sent to Vapi, and what is reported of it.
#include "unit/sync/world.hpp"

namespace vapisync::sync {
namespace {

using db::Outcome;

TEST(Syncer, ACreateCarriesTheMarkerAndIsVerified) {
  World world;
  world.vapi.reply(stored(201));
  const db::Claim claim = world.fresh();
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(report.claim, &claim);
  EXPECT_EQ(report.remote.id, "a1");
  EXPECT_EQ(report.remote.account_id, "o1");
  EXPECT_EQ(report.remote.live_hash, json::hash(*json::parse(claim.payload)));
  EXPECT_EQ(report.remote.sent_keys, (Lines{"metadata", "name"}));
  EXPECT_FALSE(report.opens);
  EXPECT_EQ(world.vapi.lines(), Lines{"POST /assistant"});
  const auto marker = core::read_marker(*json::parse(world.vapi.requests[0].body));
  EXPECT_EQ(marker, (core::Marker{"inst/7", report.remote.marker, ""}));
  EXPECT_EQ(report.remote.marker.size(), 16U);
}

TEST(Syncer, AnUpdateKeepsTheMarkerAndResetsWhatIsWantedNoMore) {
  World world;
  db::Claim claim = world.live(R"({"firstMessage":"hi"})");
  claim.remote.sent_keys = {"maxDurationSeconds", "metadata", "name"};
  world.vapi.reply(stored(200));
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(world.vapi.lines(), Lines{"PATCH /assistant/a1"});
  EXPECT_EQ(json::canonical(*json::parse(world.vapi.requests[0].body)),
            R"({"firstMessage":"hi","maxDurationSeconds":600,)"
            R"("metadata":{"vapisync":{"a":"m1","r":"inst/7"}},"name":null})");
  EXPECT_EQ(report.remote.sent_keys, (Lines{"firstMessage", "metadata"}))
      << "verified gone, so forgotten";
}

TEST(Syncer, AnEqualDocumentIsOnlyRead) {
  World world;
  world.vapi.answer(200, World::object(R"("name":"A","more":1)"));
  EXPECT_EQ(world.sync(world.live(R"({"name":"A"})")).outcome, Outcome::confirmed);
  EXPECT_EQ(world.vapi.lines(), Lines{"GET /assistant/a1"});
}

TEST(Syncer, DriftIsSentOver) {
  World world;
  world.vapi.answer(200, World::object(R"("name":"edited by hand")")).reply(stored(200));
  const auto report = world.sync(world.live(R"({"name":"A"})"));
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(report.warnings, "");
  EXPECT_EQ(world.vapi.lines(), (Lines{"GET /assistant/a1", "PATCH /assistant/a1"}));
}

TEST(Syncer, ARejectedCreateIsRejectedWithItsFieldAndLeavesNothing) {
  World world;
  world.vapi.answer(400, R"({"message":["name must be shorter than or equal to 40 characters"]})");
  const auto report = world.sync(world.fresh());
  EXPECT_EQ(report.outcome, Outcome::rejected);
  ASSERT_TRUE(report.error);
  EXPECT_EQ(report.error->path, "name");
  EXPECT_EQ(report.phase, "send");
  EXPECT_EQ(report.remote.id, "");
  EXPECT_FALSE(report.opens);
}

TEST(Syncer, ALostCreateIsOpenAndNeverSentAgainInItsClaim) {
  for (const bool answered : {false, true}) {
    World world;
    if (answered) world.vapi.answer(502, "<html>");
    if (!answered) world.vapi.fail("timeout", true);
    const auto report = world.sync(world.fresh());
    EXPECT_EQ(report.outcome, Outcome::retry);
    EXPECT_TRUE(report.opens);
    EXPECT_EQ(report.burn, answered) << "only an answer burns an attempt";
    EXPECT_EQ(world.vapi.requests.size(), 1U);
  }
}

TEST(Syncer, AnUnsentCreateIsNotOpen) {
  World world;
  world.vapi.fail("connect_failed", false);
  const auto report = world.sync(world.fresh());
  EXPECT_EQ(report.outcome, Outcome::retry);
  EXPECT_FALSE(report.opens);
  EXPECT_FALSE(report.burn);
}

TEST(Syncer, AnOpenCreateThatIsNotThereYetIsWaitedFor) {
  World world;
  db::Claim claim = world.fresh();
  claim.open = true;
  claim.open_age = std::chrono::seconds(80);
  world.vapi.answer(200, "[]");
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::retry);
  EXPECT_FALSE(report.error);
  EXPECT_FALSE(report.clears_open);
  EXPECT_EQ(report.delay, std::chrono::seconds(10)) << "when it can land no more";
  EXPECT_EQ(world.vapi.lines(),
            Lines{"GET /assistant?limit=100&createdAtGe=2026-08-01T10%3A00%3A00.000Z"});
}

TEST(Syncer, AnOpenCreateThatCanLandNoMoreIsMadeAgain) {
  World world;
  db::Claim claim = world.fresh();
  claim.open = true;
  claim.open_age = std::chrono::seconds(90);
  world.vapi.answer(200, "[]").reply(stored(201));
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_TRUE(report.clears_open);
  EXPECT_EQ(world.vapi.line(1), "POST /assistant");
}

TEST(Syncer, AnOpenCreateThatLandedIsAdoptedAndUpdated) {
  World world;
  db::Claim claim = world.fresh(R"({"name":"newer"})");
  claim.open = true;
  claim.open_keys = {"metadata", "name", "voice"};
  const auto object = World::object(R"("name":"older","voice":{"provider":"vapi"})", "found");
  world.vapi.answer(200, "[" + object + "]").answer(200, object);
  world.vapi.reply(stored(200, R"({"id":"found"})"));
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_FALSE(report.clears_open) << "who adopted it before may have an update on its way";
  EXPECT_EQ(report.remote.id, "found");
  EXPECT_EQ(report.remote.marker, "m1") << "the one that the object carries";
  EXPECT_EQ(world.vapi.line(1), "GET /assistant/found");
  EXPECT_EQ(world.vapi.line(2), "PATCH /assistant/found");
  EXPECT_EQ(json::canonical(*json::parse(world.vapi.requests[2].body)),
            R"({"metadata":{"vapisync":{"a":"m1","r":"inst/7"}},"name":"newer","voice":null})");
}

TEST(Syncer, FurtherMatchesAreLeftovers) {
  World world;
  db::Claim claim = world.fresh();
  claim.open = true;
  const auto item = [](const std::string& id) { return World::object("", id); };
  world.vapi.answer(200, "[" + item("late") + "," + item("first") + "]");
  world.vapi.answer(200, item("first")).reply(stored(200, R"({"id":"first"})"));
  const auto report = world.sync(claim);
  EXPECT_EQ(report.remote.id, "first");
  ASSERT_EQ(report.leftovers.size(), 2U);
  EXPECT_EQ(report.leftovers[0].remote_id, "late");
  EXPECT_EQ(report.leftovers[1].reason, "open_create") << "its own may land beside what was found";
  EXPECT_EQ(report.leftovers[1].marker, "inst/7/m1");
}

TEST(Syncer, ALookUpThatFailsCreatesNothing) {
  World world;
  db::Claim claim = world.fresh();
  claim.open = true;
  claim.open_age = std::chrono::hours(1);
  world.vapi.answer(500);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::retry);
  EXPECT_FALSE(report.clears_open);
}

TEST(Syncer, A404IsBelievedAfterAGetAndALookUpOfTheWholeAccount) {
  World world;
  world.vapi.answer(404, "{}").answer(404, "{}").answer(200, "[]");
  const auto report = world.sync(world.live());
  EXPECT_EQ(report.outcome, Outcome::forgotten);
  EXPECT_EQ(report.remote.id, "");
  EXPECT_EQ(world.vapi.lines(),
            (Lines{"PATCH /assistant/a1", "GET /assistant/a1", "GET /assistant?limit=100"}));
}

TEST(Syncer, A404ThatTheReadDeniesIsTriedAgain) {
  World world;
  world.vapi.answer(404, "{}").answer(200, World::object(""));
  const auto report = world.sync(world.live());
  EXPECT_EQ(report.outcome, Outcome::retry);
  EXPECT_EQ(report.error->code, "missing_for_writes");
  EXPECT_EQ(report.remote.id, "a1");
}

TEST(Syncer, A404IsNotBelievedWithoutAList) {
  World world;
  world.vapi.answer(404, "{}").answer(404, "{}").answer(500);
  const auto report = world.sync(world.live());
  EXPECT_EQ(report.outcome, Outcome::retry);
  EXPECT_EQ(report.remote.id, "a1");
}

TEST(Syncer, ADeadIdGivesWayToTheObjectThatCarriesOurMarker) {
  World world;
  const auto other = World::object(R"("name":"B")", "b2");
  world.vapi.answer(404, "{}").answer(404, "{}");
  world.vapi.answer(200, "[" + other + "]").answer(200, other);
  world.vapi.reply(stored(200, R"({"id":"b2"})"));
  const auto report = world.sync(world.live());
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(report.remote.id, "b2");
}

TEST(Syncer, ADeleteIsConfirmedByItsAnswerOrByABelieved404) {
  World world;
  db::Claim claim = world.live("");
  claim.op = core::Op::remove;
  world.vapi.answer(200, "{}");
  EXPECT_EQ(world.sync(claim).outcome, Outcome::confirmed);
  world.vapi.answer(404, "{}").answer(404, "{}").answer(200, "[]");
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(report.remote.id, "");
  EXPECT_EQ(world.vapi.line(0), "DELETE /assistant/a1");
}

TEST(Syncer, ADeleteOfWhatNeverWasNeedsNoCall) {
  World world;
  db::Claim claim = world.fresh("");
  claim.op = core::Op::remove;
  EXPECT_EQ(world.sync(claim).outcome, Outcome::confirmed);
  EXPECT_TRUE(world.vapi.requests.empty());
}

TEST(Syncer, APinnedObjectIsTriedAgainAndInTheEndRejected) {
  World world;
  db::Claim claim = world.live("");
  claim.op = core::Op::remove;
  world.vapi.answer(409, R"({"error":"assistant_pinned"})");
  const auto first = world.sync(claim);
  EXPECT_EQ(first.outcome, Outcome::retry);
  EXPECT_TRUE(first.burn);
  claim.attempts = 49;
  world.vapi.answer(409, R"({"error":"assistant_pinned"})");
  const auto last = world.sync(claim);
  EXPECT_EQ(last.outcome, Outcome::rejected);
  EXPECT_EQ(last.error->code, "gave_up");
}

}  // namespace
}  // namespace vapisync::sync
