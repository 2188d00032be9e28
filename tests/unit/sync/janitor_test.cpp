// What may go, goes; whatever looks like somebody else's stays.
#include "sync/janitor.hpp"

#include "unit/sync/world.hpp"

namespace vapisync::sync {
namespace {

struct Cleaning : World {
  /// An object that a lost create of resource 7 made beside the one that is kept.
  db::LeftoverClaim extra(std::string id = "x1") {
    db::LeftoverClaim leftover;
    leftover.account_id = "o1";
    leftover.kind = "assistant";
    leftover.object = leftover.remote_id = std::move(id);
    leftover.kept = "m1";
    leftover.resource_id = 7;
    leftover.credential_id = 1;
    leftover.fingerprint = "fingerprint";
    return leftover;
  }
  static std::string object_of(const std::string& attempt, const std::string& resource = "inst/7") {
    return fmt::format(R"({{"id":"x1","createdAt":"2026-08-01T10:00:00.000Z",)"
                       R"("metadata":{{"vapisync":{{"r":"{}","a":"{}"}}}}}})",
                       resource, attempt);
  }
  void clean(db::LeftoverClaim leftover) {
    store.leftovers.push_back(std::move(leftover));
    boost::asio::co_spawn(clock.context(), janitor.run(), [](std::exception_ptr) {});
    clock.settle();
    janitor.stop();
    clock.settle();
  }

  Credentials credentials{{clock.executor(), store, clock, random}, credentials_options()};
  Janitor janitor{store, clock, credentials, JanitorOptions{"inst"}};
};

TEST(Janitor, DeletesWhatAnotherOfOurCreatesMade) {
  Cleaning world;
  world.vapi.answer(200, Cleaning::object_of("m2")).answer(200, "{}");
  world.clean(world.extra());
  EXPECT_EQ(world.vapi.lines(), (Lines{"GET /assistant/x1", "DELETE /assistant/x1"}));
  EXPECT_EQ(world.store.ended_leftovers, Lines{"x1"});
}

TEST(Janitor, ForgetsWhatIsGoneAlready) {
  Cleaning world;
  world.vapi.answer(404);
  world.clean(world.extra());
  EXPECT_EQ(world.store.ended_leftovers, Lines{"x1"});
}

TEST(Janitor, KeepsACopyOfTheKeptObjectAndWhatBearsNoMarkOfOurs) {
  for (const auto& object : {Cleaning::object_of("m1"), Cleaning::object_of("m2", "inst/8"),
                             std::string(R"({"id":"x1"})")}) {
    Cleaning world;
    world.vapi.answer(200, object);
    world.clean(world.extra());
    EXPECT_EQ(world.vapi.lines(), Lines{"GET /assistant/x1"}) << object;
    EXPECT_EQ(world.store.kept_leftovers, Lines{"x1"}) << object;
  }
}

TEST(Janitor, DeletesNothingThatIsWantedByTheTimeItWouldGo) {
  Cleaning world;
  world.store.leftovers_may_go = false;
  world.vapi.answer(200, Cleaning::object_of("m2"));
  world.clean(world.extra());
  EXPECT_EQ(world.vapi.lines(), Lines{"GET /assistant/x1"});
  EXPECT_TRUE(world.store.ended_leftovers.empty());
}

TEST(Janitor, TriesAgainLaterWhenVapiCanNotSay) {
  Cleaning world;
  world.vapi.answer(500);
  world.clean(world.extra());
  EXPECT_TRUE(world.store.ended_leftovers.empty());
  EXPECT_TRUE(world.store.kept_leftovers.empty());
}

TEST(Janitor, WhatIsInUseIsTriedAgainAndWhatIsRefusedIsKept) {
  for (const int status : {409, 400}) {
    Cleaning world;
    world.vapi.answer(200, Cleaning::object_of("m2")).answer(status, "{}");
    world.clean(world.extra());
    EXPECT_TRUE(world.store.ended_leftovers.empty());
    EXPECT_EQ(world.store.kept_leftovers.size(), status == 409 ? 0U : 1U);
  }
}

TEST(Janitor, LooksForWhatALateCreateMade) {
  Cleaning world;
  auto leftover = world.extra("");
  leftover.object = leftover.attempt = "m2";
  const auto late = Cleaning::object_of("m2");
  world.vapi.answer(200, "[" + late + "]").answer(200, late).answer(200, "{}");
  world.clean(leftover);
  EXPECT_EQ(world.vapi.lines().back(), "DELETE /assistant/x1");
  EXPECT_EQ(world.store.ended_leftovers, Lines{"m2"});
}

TEST(Janitor, ALateCreateThatNeverLandedIsForgotten) {
  Cleaning world;
  auto leftover = world.extra("");
  leftover.object = leftover.attempt = "m2";
  world.vapi.answer(200, "[" + Cleaning::object_of("m3") + "]");
  world.clean(leftover);
  EXPECT_EQ(world.vapi.requests.size(), 1U) << "only its own attempt's object is touched";
  EXPECT_EQ(world.store.ended_leftovers, Lines{"m2"});
}

struct CleaningUpAfterALostAnswer : Cleaning {
  /// Resource 7 adopted k1, made by m1, while a create of its own was on its way.
  db::LeftoverClaim lost() {
    auto leftover = extra("");
    leftover.object = "inst/7/m1";
    leftover.adopted = "m1";
    leftover.kept_id = "k1";
    return leftover;
  }
};

TEST(Janitor, DeletesWhatALostCreateMadeBesideTheObjectThatWasAdopted) {
  CleaningUpAfterALostAnswer world;
  const auto made = Cleaning::object_of("m2");
  world.vapi.answer(200, "[" + made + "]").answer(200, made).answer(200, "{}");
  world.clean(world.lost());
  EXPECT_EQ(world.vapi.lines().back(), "DELETE /assistant/x1");
  EXPECT_EQ(world.store.ended_leftovers, Lines{"inst/7/m1"});
}

TEST(Janitor, WhatCanNotBeToldFromTheAdoptedObjectStaysListed) {
  for (const char* kept : {"m1", "", "m3"}) {
    CleaningUpAfterALostAnswer world;
    world.vapi.answer(200, "[" + Cleaning::object_of("m1") + "]");
    auto leftover = world.lost();
    leftover.kept = kept;
    world.clean(leftover);
    EXPECT_EQ(world.vapi.requests.size(), 1U) << "it may be a copy that a user made";
    EXPECT_EQ(world.store.kept_leftovers, Lines{"inst/7/m1"})
        << "whatever is kept by now: " << kept;
  }
}

}  // namespace
}  // namespace vapisync::sync
