// Claiming: as much as slots, gate and database allow, and an orderly end.
#include "sync/dispatcher.hpp"

#include "unit/sync/world.hpp"

namespace vapisync::sync {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Dispatching : World {
  explicit Dispatching(DispatcherOptions given = {}) : options(given) {
    boost::asio::co_spawn(clock.context(), dispatcher.recorder().run(), [](std::exception_ptr) {});
  }

  void start() {
    boost::asio::co_spawn(clock.context(), dispatcher.run(),
                          [this](std::exception_ptr) { ended = true; });
    clock.settle();
  }

  void add_claim(const std::string& org = "acme") {
    db::Claim claim = live();
    claim.org_id = org;
    claim.resource_id = ++last_id;
    claim.lease_end = clock.now() + std::chrono::hours(1);
    store.due.push_back(std::move(claim));
  }
  void add_due(int count, Duration answered_after = Duration{0}) {
    for (int i = 0; i < count; ++i) {
      add_claim();
      vapi.reply(stored(200), answered_after);
    }
  }
  /// Since when nothing could be claimed.
  std::optional<Duration> unclaimed() {
    const auto since = dispatcher.unclaimed_since();
    return since ? std::optional<Duration>(clock.now() - *since) : std::nullopt;
  }

  /// The gate of the one credential there is.
  core::Gate& gate() {
    const std::vector<db::ReadyOrg> orgs{{"acme", 1, "fingerprint", milliseconds(0), false}};
    EXPECT_TRUE(test::run(clock, credentials.prepare(orgs)));
    return credentials.find(1)->client->gate();
  }

  DispatcherOptions options;
  Credentials credentials{{clock.executor(), store, clock, random},
                          credentials_options([this] { dispatcher.ring(); })};
  Dispatcher dispatcher{clock.executor(), {store, clock, credentials, syncer}, options};
  int64_t last_id{0};
  bool ended{false};
};

TEST(Dispatcher, WorksOnWhatIsDue) {
  Dispatching world;
  world.add_due(3);
  world.start();
  world.clock.run_for(milliseconds(10));
  EXPECT_EQ(world.store.settled.size(), 3U);
  EXPECT_EQ(world.dispatcher.in_flight(), 0);
}

TEST(Dispatcher, TellsOperatorsHowFastItIs) {
  Dispatching world;
  world.add_due(10);
  world.start();
  world.clock.run_for(seconds(5));
  world.dispatcher.ring();
  world.clock.settle();
  EXPECT_DOUBLE_EQ(world.store.reported.synced_per_s, 2) << "ten in the five seconds between beats";
  world.clock.run_for(seconds(11));
  EXPECT_EQ(world.store.reported.synced_per_s, 0);
}

TEST(Dispatcher, TheBellEndsItsRest) {
  Dispatching world;
  world.start();
  world.clock.run_for(std::chrono::minutes(1));
  world.add_due(1);
  world.dispatcher.ring();
  world.clock.settle();
  EXPECT_EQ(world.store.settled.size(), 1U) << "at once, without any time passing";
}

TEST(Dispatcher, WhoRangIsLookedForWithoutAllTheOthers) {
  Dispatching world;
  world.start();
  world.clock.run_for(std::chrono::minutes(1));
  world.add_due(1);
  world.store.looked_for.clear();
  world.dispatcher.ring(world.last_id);
  world.clock.settle();
  EXPECT_EQ(world.store.settled.size(), 1U);
  EXPECT_EQ(world.store.looked_for.at(0), std::vector{world.last_id});
}

TEST(Dispatcher, WhatASweepFindsDoesNotWaitForItsEnd) {
  Dispatching world;
  for (int org = 1'000; org < 2'500; ++org) {
    world.add_claim(std::to_string(org));
    world.vapi.reply(stored(200), milliseconds(1));
  }
  world.start();
  EXPECT_EQ(world.store.sweeps_before_claims, 1) << "of four slices";
  world.clock.run_for(seconds(600));
  EXPECT_EQ(world.store.settled.size(), 1'500U);
}

TEST(Dispatcher, MoreRingsThanItRemembersAreASweep) {
  Dispatching world;
  world.start();
  world.clock.run_for(std::chrono::minutes(1));
  world.add_due(1);
  for (int64_t other = 1'000; other < 3'000; ++other) world.dispatcher.ring(other);
  world.dispatcher.ring(world.last_id);
  world.clock.settle();
  EXPECT_EQ(world.store.settled.size(), 1U);
}

TEST(Dispatcher, WhileMoreKeepsComingNobodyNeedsToRing) {
  Dispatching world;
  world.start();
  world.clock.run_for(std::chrono::minutes(1));
  world.dispatcher.ring();
  for (int save = 0; save < 5; ++save) {
    world.add_due(1);
    world.clock.run_for(milliseconds(2));
    EXPECT_LE(world.store.silenced, save == 0 ? 0 : 1) << "a lone save is none of a rush";
  }
  world.clock.run_for(milliseconds(5));
  EXPECT_EQ(world.store.settled.size(), 5U) << "only the first one rang";
  EXPECT_EQ(world.store.silenced, 1);
  world.clock.run_for(seconds(1));
  world.add_due(1);
  world.dispatcher.ring();
  world.clock.settle();
  EXPECT_EQ(world.store.settled.size(), 6U) << "it rests again, and is woken";
}

TEST(Dispatcher, WithoutTheBellItLooksByItself) {
  Dispatching world;
  world.start();
  world.clock.run_for(std::chrono::minutes(1));
  const int asked = world.store.sweeps_asked;
  world.clock.run_for(std::chrono::minutes(1));
  EXPECT_LE(world.store.sweeps_asked - asked, 30) << "idle, it asks rarely";
  world.add_due(1);
  world.clock.run_for(seconds(6));
  EXPECT_EQ(world.store.settled.size(), 1U);
}

TEST(Dispatcher, NeverExceedsTheGatesSlots) {
  Dispatching world;
  world.add_due(10, seconds(1));
  world.start();
  EXPECT_EQ(world.vapi.requests.size(), 4U);
  EXPECT_EQ(world.dispatcher.in_flight(), 4);
  world.clock.run_for(seconds(10));
  EXPECT_EQ(world.store.settled.size(), 10U);
}

DispatcherOptions two_per_org() {
  DispatcherOptions options;
  options.in_flight_per_org = 2;
  return options;
}

TEST(Dispatcher, ALargeOrgGoesOnAsSoonAsSomethingOfItIsDone) {
  Dispatching world(two_per_org());
  world.add_due(20, milliseconds(1));
  world.start();
  world.clock.run_for(milliseconds(15));
  EXPECT_EQ(world.store.settled.size(), 20U) << "two at a time, a millisecond each";
}

TEST(Dispatcher, ALargeOrgGoesOnBesideAnotherDaemonsPartOfIt) {
  Dispatching world(two_per_org());
  world.store.daemons = 2;
  world.store.leased_of["acme"] = 1;
  world.add_due(10, milliseconds(1));
  world.start();
  world.clock.run_for(milliseconds(15));
  EXPECT_EQ(world.store.settled.size(), 10U) << "one at a time";
}

TEST(Dispatcher, APausedCredentialClaimsNothing) {
  Dispatching world;
  world.gate().pause_until(world.clock.now() + seconds(30));
  world.add_due(1);
  world.start();
  world.clock.run_for(seconds(29));
  EXPECT_EQ(world.store.claims_asked, 0);
  world.clock.run_for(seconds(2));
  EXPECT_EQ(world.store.settled.size(), 1U);
}

TEST(Dispatcher, APauseThatAnEarlierProcessStoredEndsWithTheFirstSuccess) {
  Dispatching world;
  world.store.key_paused = true;  // its time is over, and nobody has tried since
  world.add_due(3, seconds(1));
  world.start();
  EXPECT_EQ(world.vapi.requests.size(), 1U) << "one finds out";
  world.clock.run_for(seconds(10));
  EXPECT_EQ(world.store.settled.size(), 3U);
  EXPECT_EQ(world.store.pauses, Lines{"resumed"});
}

TEST(Dispatcher, APauseThatAnOperatorEndsInTheDatabaseEndsAtOnce) {
  Dispatching world;
  world.add_claim();
  world.vapi.answer(401, "{}");
  world.start();
  world.clock.run_for(seconds(10));
  ASSERT_EQ(world.store.pauses, Lines{"http_401"});
  EXPECT_EQ(world.vapi.requests.size(), 1U) << "it rests for a minute";

  world.add_due(1);
  world.store.key_paused = false;
  world.dispatcher.ring();
  world.clock.run_for(milliseconds(10));
  EXPECT_EQ(world.vapi.requests.size(), 2U);
  EXPECT_EQ(world.log.count("credential.resumed"), 1);
}

TEST(Dispatcher, WhatAnotherCredentialMustDoIsGivenBackUnsent) {
  Dispatching world;
  world.add_due(1);
  world.store.credential_of_claims = 2;  // the org got another key after the sweep
  world.start();
  world.clock.run_for(milliseconds(10));
  EXPECT_TRUE(world.vapi.requests.empty());
  EXPECT_EQ(world.store.settled.size(), 1U) << "released for whoever has the new key";
  EXPECT_EQ(world.dispatcher.in_flight(), 0);
}

TEST(Dispatcher, KeepsTryingWhileTheDatabaseIsAway) {
  Dispatching world;
  world.store.down = true;
  world.add_due(2);
  world.start();
  world.clock.run_for(std::chrono::minutes(1));
  const int asked = world.store.sweeps_asked;
  EXPECT_GE(asked, 10);
  EXPECT_LE(asked, 30) << "with pauses that grow";
  world.store.down = false;
  world.clock.run_for(seconds(6));
  EXPECT_EQ(world.log.count("db.claiming_failed"), 1);
  EXPECT_EQ(world.store.settled.size(), 2U);
}

TEST(Dispatcher, ClaimsNothingWhileReportsCannotBeRecorded) {
  Dispatching world;
  world.add_due(1, seconds(1));
  world.start();
  world.store.down = true;
  world.add_due(1);
  world.clock.run_for(seconds(20));
  EXPECT_TRUE(world.dispatcher.recorder().stuck());
  const int asked = world.store.claims_asked;
  world.clock.run_for(seconds(20));
  EXPECT_EQ(world.store.claims_asked, asked);
  EXPECT_EQ(world.vapi.requests.size(), 1U);
  world.store.down = false;
  world.clock.run_for(seconds(10));
  EXPECT_EQ(world.log.count("db.recording_failed"), 1);
  EXPECT_EQ(world.store.settled, (std::vector<int64_t>{1, 2})) << "nothing is lost";
}

TEST(Dispatcher, BeatsHoweverLongItRests) {
  DispatcherOptions options;
  options.poll_max = seconds(60);
  Dispatching world(options);
  world.start();
  world.clock.run_for(std::chrono::minutes(10));  // the longest rest is reached
  const int beats = world.store.beats;
  const int asked = world.store.sweeps_asked;
  world.clock.run_for(std::chrono::minutes(5));
  EXPECT_GE(world.store.beats - beats, 55);
  EXPECT_LE(world.store.sweeps_asked - asked, 12) << "it looks no oftener than it must";

  world.dispatcher.ring();
  world.add_due(1);
  world.clock.settle();
  EXPECT_EQ(world.store.settled.size(), 1U) << "and is awake at once";
}

TEST(Dispatcher, BeatsWhileEverySlotIsInUse) {
  DispatcherOptions options;
  options.poll_max = seconds(60);
  options.in_flight = 1;
  Dispatching world(options);
  world.add_due(1, seconds(29));
  world.start();
  world.clock.run_for(seconds(28));
  EXPECT_GE(world.store.beats, 5);
  EXPECT_FALSE(world.unclaimed()) << "there was no room for more";
}

TEST(Dispatcher, SaysSinceWhenItsSweepsFail) {
  Dispatching world;
  world.store.down = true;
  world.start();
  world.clock.run_for(seconds(30));
  EXPECT_EQ(world.unclaimed(), Duration(seconds(30)));
  world.store.down = false;
  world.clock.run_for(seconds(10));
  EXPECT_FALSE(world.unclaimed()) << "nothing is there to be claimed";
}

TEST(Dispatcher, SaysSinceWhenOutcomesKeepItFromClaiming) {
  Dispatching world;
  world.add_due(1, seconds(1));
  world.start();
  world.store.down = true;
  world.clock.run_for(seconds(31));
  ASSERT_TRUE(world.dispatcher.recorder().stuck());
  ASSERT_TRUE(world.unclaimed());
  EXPECT_GE(*world.unclaimed(), seconds(25));
  world.store.down = false;
  world.add_due(1);
  world.clock.run_for(seconds(10));
  EXPECT_EQ(world.store.settled.size(), 2U);
  EXPECT_FALSE(world.unclaimed());
}

TEST(Dispatcher, AKeyThatNobodyUsesAnyMoreIsForgottenWithItsBreaker) {
  Dispatching world;
  for (size_t subject = 0; subject < 5; ++subject)
    world.gate().failed(world.clock.now(), 0, subject);
  ASSERT_EQ(world.credentials.states().open, 1);
  world.start();
  world.clock.run_for(std::chrono::minutes(4));
  EXPECT_EQ(world.credentials.states().half_open, 1) << "its org may still have work soon";
  world.clock.run_for(std::chrono::minutes(2));
  EXPECT_EQ(world.credentials.states().half_open, 0);
  world.add_due(1);
  world.dispatcher.ring();
  world.clock.run_for(milliseconds(10));
  EXPECT_EQ(world.store.settled.size(), 1U) << "it is made anew when it is needed";
  EXPECT_EQ(world.credentials.states().closed, 1);
}

TEST(Dispatcher, StoppingFinishesWhatWasSentAndClaimsNoMore) {
  Dispatching world;
  world.add_due(2, seconds(5));
  world.start();
  world.add_due(1);
  world.dispatcher.stop();
  world.dispatcher.stop();
  world.clock.run_for(seconds(4));
  EXPECT_FALSE(world.ended);
  world.clock.run_for(seconds(2));
  EXPECT_TRUE(world.ended);
  EXPECT_EQ(world.store.settled.size(), 2U);
  EXPECT_EQ(world.store.due.size(), 1U);
  EXPECT_EQ(world.store.daemons, 0) << "nobody misses it";
}

}  // namespace
}  // namespace vapisync::sync
