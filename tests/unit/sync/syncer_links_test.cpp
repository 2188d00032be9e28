// Resources that refer to each other, kinds that can't be changed, and names that bear our mark.
#include <array>
#include <gmock/gmock.h>
#include <set>

#include "unit/sync/world.hpp"

namespace vapisync::sync {
namespace {

using db::Outcome;
using testing::HasSubstr;

db::Claim with_reference(World& world, core::Others state, std::string remote_id = "t1") {
  db::Claim claim = world.live(R"({"model":{"toolIds":[{"$ref":"tool/kb"}]}})");
  claim.references.push_back({9, "tool/kb", std::move(remote_id), state});
  return claim;
}

TEST(SyncerLinks, AReferenceIsSentAsTheIdOfItsTarget) {
  World world;
  world.vapi.reply(stored(200));
  const auto claim = with_reference(world, core::Others::ready);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_THAT(world.vapi.requests[0].body, HasSubstr(R"("toolIds":["t1"])"));
  EXPECT_EQ(report.live_refs, std::vector<int64_t>{9});
  EXPECT_EQ(report.remote.live_hash, json::hash(*json::parse(R"({"model":{"toolIds":["t1"]}})")))
      << "another id is another document";
}

TEST(SyncerLinks, NothingIsSentBeforeTheTargetIsThere) {
  World world;
  const auto claim = with_reference(world, core::Others::waiting, "");
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::retry);
  EXPECT_TRUE(report.waits);
  EXPECT_FALSE(report.burn);
  EXPECT_EQ(report.delay, std::chrono::seconds(30));
  EXPECT_TRUE(world.vapi.requests.empty());
}

TEST(SyncerLinks, AReferenceThatLeadsNowhereIsRejectedWithItsPath) {
  World world;
  const auto claim = with_reference(world, core::Others::hopeless);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::rejected);
  EXPECT_EQ(report.error->code, "reference_gone");
  EXPECT_EQ(report.error->path, "model.toolIds[0]");
  EXPECT_TRUE(world.vapi.requests.empty());
}

TEST(SyncerLinks, OnlyWhatTheDocumentRefersToCounts) {
  World world;
  world.vapi.reply(stored(200));
  auto claim = with_reference(world, core::Others::ready);
  claim.references.push_back({10, "tool/old", "", core::Others::hopeless});  // of the live one
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(report.live_refs, std::vector<int64_t>{9});
}

TEST(SyncerLinks, ATargetThatIsNamedTwiceIsReferredToOnce) {
  World world;
  world.vapi.reply(stored(200));
  auto claim = with_reference(world, core::Others::ready);
  claim.payload = R"({"a":{"$ref":"tool/kb"},"b":{"$ref":"tool/kb"}})";
  EXPECT_EQ(world.sync(claim).live_refs, std::vector<int64_t>{9});
}

TEST(SyncerLinks, WhatAnotherResourceHoldsIsNoFind) {
  World world;
  auto claim = world.fresh();
  claim.open = true;
  world.store.held_by_others = {"a1"};
  world.vapi.answer(200, "[" + World::object("\"createdAt\":\"2026-08-01T10:00:00.000Z\"") + "]");
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::retry) << "its own may still appear";
  EXPECT_EQ(world.vapi.requests.size(), 1U);
}

TEST(SyncerLinks, ALastLookPutsBackTheIdOfTheTarget) {
  World world;
  auto claim = with_reference(world, core::Others::ready);
  claim.blocked = true;
  claim.live_payload = std::exchange(claim.payload, "{}");
  world.vapi.answer(200, World::object(R"("model":{"toolIds":[]})")).reply(stored(200));
  EXPECT_EQ(world.sync(claim).outcome, Outcome::looked);
  EXPECT_THAT(world.vapi.requests[1].body, HasSubstr(R"("toolIds":["t1"])"));
}

TEST(SyncerLinks, ALastLookSendsNoReferenceThatNobodyCanName) {
  World world;
  auto claim = with_reference(world, core::Others::hopeless, "");
  claim.blocked = true;
  claim.live_payload = std::exchange(claim.payload, "{}");
  EXPECT_EQ(world.sync(claim).outcome, Outcome::looked);
  EXPECT_TRUE(world.vapi.requests.empty());
}

TEST(SyncerLinks, ADeleteWaitsForWhatRefersToIt) {
  World world;
  auto claim = world.live();
  claim.op = core::Op::remove;
  claim.payload.clear();
  claim.referrers = core::Others::waiting;
  EXPECT_TRUE(world.sync(claim).waits);
  claim.referrers = core::Others::hopeless;
  const auto refused = world.sync(claim);
  EXPECT_EQ(refused.outcome, Outcome::rejected);
  EXPECT_EQ(refused.error->code, "still_referenced");
  EXPECT_TRUE(world.vapi.requests.empty());
}

constexpr const char* document_with_id = R"({"model":{"toolIds":["t1"]}})";

TEST(SyncerLinks, ABareIdIsSentInAnAccountOfItsOwn) {
  World world;
  world.vapi.reply(stored(200));
  EXPECT_EQ(world.sync(world.live(document_with_id)).outcome, Outcome::confirmed);
}

TEST(SyncerLinks, ABareIdIsRejectedInASharedAccount) {
  World world;
  world.account.is_shared = true;
  const auto report = world.sync(world.live(document_with_id));
  EXPECT_EQ(report.outcome, Outcome::rejected);
  EXPECT_EQ(report.error->code, "bare_id");
  EXPECT_EQ(report.error->path, "model.toolIds[0]");
}

struct Files : World {
  static constexpr std::array<core::Kind, 1> kinds{
      {{.name = "file", .collection = "/file", .is_mutable = false}}};
  static SyncerOptions file_options() {
    SyncerOptions out = options();
    out.kinds = kinds;
    return out;
  }
  db::Claim file(db::Claim claim) {
    claim.kind = "file";
    return claim;
  }
  db::Report sync(const db::Claim& claim) {
    return test::run(clock, files.sync(claim, client, account));
  }
  static std::string hash(const std::string& document) {
    return json::hash(*json::parse(document));
  }
  /// As it stands in a list.
  static std::string listed(const std::string& id, const std::string& content) {
    return fmt::format(
        R"({{"id":"{}","orgId":"o1","name":"B","createdAt":"2026-08-01T10:00:00.000Z",)"
        R"("metadata":{{"vapisync":{{"r":"inst/7","a":"m2","h":"{}"}}}}}})",
        id, content);
  }
  Syncer files{store, clock, random, file_options()};
};

TEST(SyncerLinks, ANewDocumentOfAnImmutableKindReplacesTheOldObject) {
  Files world;
  world.vapi.reply(stored(201, R"({"id":"f2"})"));
  const auto claim = world.file(world.live());
  const auto report = world.sync(claim);
  EXPECT_EQ(world.vapi.lines(), (Lines{"POST /file"}));
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(report.remote.id, "f2");
  EXPECT_NE(report.remote.marker, "m1") << "each create has an attempt of its own";
  ASSERT_EQ(report.leftovers.size(), 1U);
  EXPECT_EQ(report.leftovers[0].remote_id, "a1");
  EXPECT_EQ(report.leftovers[0].reason, "replaced");
}

TEST(SyncerLinks, AnOpenCreateOfAnImmutableKindIsFoundByItsContent) {
  Files world;
  auto claim = world.file(world.live());
  claim.open = true;
  const auto wanted = Files::listed("f2", Files::hash(claim.payload));
  world.vapi.answer(200, "[" + Files::listed("f1", "older") + "," + wanted + "]");
  world.vapi.answer(200, wanted).answer(200, wanted);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::confirmed);
  EXPECT_EQ(report.remote.id, "f2");
  std::set<std::string> left;
  for (const auto& leftover : report.leftovers) left.insert(leftover.remote_id + leftover.marker);
  EXPECT_EQ(left, (std::set<std::string>{"a1", "f1", "inst/7/" + report.remote.marker}));
}

TEST(SyncerLinks, AnObjectThatOnlyReadsMissMayYetBeListed) {
  Files world;
  auto claim = world.file(world.live());
  claim.remote.live_hash = Files::hash(claim.payload);
  world.vapi.answer(404, "{}").answer(404, "{}").answer(200, "[]");
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::forgotten);
  EXPECT_TRUE(report.opens) << "else a second one is made beside it";
}

TEST(SyncerLinks, AfterARefusedCreateTheObjectThatItShouldReplaceIsLookedAt) {
  Files world;
  world.vapi.answer(400, R"({"message":"name must be a string"})");
  const auto claim = world.file(world.live());
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::rejected);
  EXPECT_TRUE(report.opens) << "it may be gone, and others refer to it";
}

TEST(SyncerLinks, AnObjectThatIsNotConfirmedYetDoesNotTakeThePlaceOfTheOld) {
  Files world;
  auto claim = world.file(world.live());
  claim.open = true;
  const auto found = Files::listed("f2", Files::hash(claim.payload));
  world.vapi.answer(200, "[" + found + "]").answer(200, found).answer(504);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::retry);
  EXPECT_EQ(report.remote.id, "a1");
  EXPECT_TRUE(report.opens) << "it is looked for again";
  EXPECT_TRUE(report.leftovers.empty());
}

TEST(SyncerLinks, ALastLookThatFindsTheLiveContentElsewhereEnds) {
  Files world;
  auto claim = world.file(world.live());
  claim.open = true;
  claim.open_age = std::chrono::hours(1);
  claim.blocked = true;
  claim.live_payload = claim.payload;
  const auto found = Files::listed("f2", Files::hash(claim.payload));
  world.vapi.answer(200, "[" + found + "]").answer(200, found).answer(200, found);
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::looked);
  EXPECT_EQ(report.remote.id, "f2");
  EXPECT_FALSE(report.opens) << "else it is looked for again, for ever";
}

struct Named : World {
  db::Claim tool(db::Claim claim) {
    claim.kind = "tool";
    return claim;
  }
};

TEST(SyncerLinks, AToolIsKnownByTheEndOfItsName) {
  Named world;
  const auto suffix = core::name_suffix("inst/7");
  world.vapi.reply(stored(201));
  const auto claim = world.tool(world.fresh(R"({"type":"function","function":{"name":"kb"}})"));
  EXPECT_EQ(world.sync(claim).outcome, Outcome::confirmed);
  EXPECT_THAT(world.vapi.requests[0].body, HasSubstr("kb" + suffix));
  EXPECT_EQ(world.vapi.requests[0].body.find("metadata"), std::string::npos);
}

TEST(SyncerLinks, TheTypeOfAToolIsSentOnlyWhenItIsMade) {
  Named world;
  world.vapi.reply(stored(200, R"({"type":"function"})"));
  const auto claim = world.tool(world.live(R"({"type":"function","function":{"name":"kb"}})"));
  EXPECT_EQ(world.sync(claim).outcome, Outcome::confirmed);
  EXPECT_EQ(world.vapi.requests[0].body.find("type"), std::string::npos);
}

TEST(SyncerLinks, AToolThatCanBearNoNameIsRejected) {
  Named world;
  const auto claim = world.tool(world.fresh(R"({"type":"bash","name":"bash"})"));
  const auto report = world.sync(claim);
  EXPECT_EQ(report.outcome, Outcome::rejected);
  EXPECT_EQ(report.error->code, "unmarkable");
}

constexpr const char* no_metadata =
    R"({"message":["property metadata should not exist"],"error":"Bad Request","statusCode":400})";

TEST(SyncerLinks, WhereMetadataIsRefusedTheNameBearsTheMark) {
  World world;
  world.vapi.answer(400, no_metadata).reply(stored(201));
  const auto claim = world.fresh();
  EXPECT_EQ(world.sync(claim).outcome, Outcome::confirmed);
  EXPECT_THAT(world.vapi.requests[1].body, HasSubstr("A" + core::name_suffix("inst/7")));
  EXPECT_TRUE(world.client.marks_by_name()) << "the next one is not tried in vain";
}

TEST(SyncerLinks, TheUsersOwnMetadataMayBeWhatIsRefused) {
  World world;
  world.vapi.answer(400, no_metadata);
  const auto claim = world.fresh(R"({"name":"A","metadata":{"team":7}})");
  EXPECT_EQ(world.sync(claim).outcome, Outcome::rejected);
  EXPECT_FALSE(world.client.marks_by_name());
}

}  // namespace
}  // namespace vapisync::sync
