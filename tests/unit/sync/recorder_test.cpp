// Reports on their way to the database: batched, kept while it is away, never lost.
#include "sync/recorder.hpp"

#include <gtest/gtest.h>

#include "support/log_capture.hpp"
#include "support/memory_store.hpp"
#include "support/run.hpp"

namespace vapisync::sync {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Ids = std::vector<int64_t>;

struct World {
  World() {
    boost::asio::co_spawn(clock.context(), recorder.run(),
                          [this](std::exception_ptr) { ended = true; });
  }

  void submit(int64_t resource_id) {
    auto claim = std::make_unique<db::Claim>();
    claim->resource_id = resource_id;
    claim->lease_end = clock.now() + lease;
    db::Report report;
    report.claim = claim.get();
    recorder.submit(std::move(claim), std::move(report));
  }

  static constexpr Milliseconds lease{1'000};
  test::LogCapture log;
  test::SimClock clock;
  test::MemoryStore store;
  Ids done;
  int free_slots{0};
  bool ended{false};
  Recorder recorder{store,
                    clock,
                    RecorderOptions{.batch = 3, .lease = lease},
                    {[this] { ++free_slots; },
                     [this](const db::Report& report, const db::Receipt&) {
                       done.push_back(report.claim->resource_id);
                     }}};
};

TEST(Recorder, WritesWhatCameInTogetherInBatches) {
  World world;
  for (int64_t id = 1; id <= 7; ++id) world.submit(id);
  world.clock.settle();
  EXPECT_EQ(world.store.batches, (std::vector<size_t>{3, 3, 1}));
  EXPECT_EQ(world.done, (Ids{1, 2, 3, 4, 5, 6, 7}));
}

TEST(Recorder, AReportThatAWriterHoldsKeepsNoSlot) {
  World world;
  world.store.held_times[1] = 3;
  world.submit(1);
  world.clock.settle();
  EXPECT_EQ(world.free_slots, 1);
  EXPECT_EQ(world.recorder.held(), 1U);
  world.clock.run_for(seconds(1));
  EXPECT_EQ(world.done, Ids{1});
  EXPECT_EQ(world.free_slots, 1) << "once for each report";
  EXPECT_EQ(world.recorder.held(), 0U);
}

TEST(Recorder, KeepsReportsInOrderWhileTheDatabaseIsAway) {
  World world;
  world.store.down = true;
  for (int64_t id = 1; id <= 5; ++id) world.submit(id);
  world.clock.run_for(seconds(30));
  EXPECT_TRUE(world.recorder.stuck());
  EXPECT_TRUE(world.done.empty());
  world.submit(6);
  world.store.down = false;
  world.clock.run_for(seconds(5));
  EXPECT_EQ(world.log.count("db.recording_failed"), 1) << "told once, however often it failed";
  EXPECT_EQ(world.done, (Ids{1, 2, 3, 4, 5, 6}));
  EXPECT_FALSE(world.recorder.stuck());
}

TEST(Recorder, AHeldReportIsTriedAgainAndHoldsUpNobody) {
  World world;
  world.store.held_times[1] = 3;
  world.submit(1);
  world.submit(2);
  world.clock.settle();
  EXPECT_EQ(world.done, Ids{2});
  world.submit(3);
  world.clock.settle();
  EXPECT_EQ(world.done, (Ids{2, 3}));
  world.clock.run_for(milliseconds(74));
  EXPECT_EQ(world.done, (Ids{2, 3}));
  world.clock.run_for(milliseconds(1));
  EXPECT_EQ(world.done, (Ids{2, 3, 1})) << "at the third try after 25 ms each";
}

TEST(Recorder, AHeldReportKeepsItsLease) {
  World world;
  world.store.held_times[1] = 1'000'000;
  world.submit(1);
  world.clock.run_for(milliseconds(480));
  EXPECT_TRUE(world.store.renewed.empty()) << "half of it is left";
  world.clock.run_for(seconds(10));
  EXPECT_GE(world.store.renewed.size(), 19U);
  EXPECT_LE(world.store.renewed.size(), 21U) << "once for each half of a lease";
  EXPECT_TRUE(world.done.empty());
}

TEST(Recorder, StoppingWaitsUntilEverythingIsWritten) {
  World world;
  world.store.held_times[1] = 4;
  world.submit(1);
  world.clock.settle();
  world.recorder.stop();
  world.recorder.stop();
  world.clock.settle();
  EXPECT_FALSE(world.ended);
  world.clock.run_for(seconds(1));
  EXPECT_TRUE(world.ended);
  EXPECT_EQ(world.done, Ids{1});
}

TEST(Recorder, StoppingWithNothingToWriteEndsAtOnce) {
  World world;
  world.clock.settle();
  world.recorder.stop();
  world.clock.settle();
  EXPECT_TRUE(world.ended);
}

TEST(Recorder, TellsSinceWhenOutcomesWaitWhileTheDatabaseIsAway) {
  World world;
  EXPECT_FALSE(world.recorder.waiting_since());
  world.store.down = true;
  const TimePoint began = world.clock.now();
  world.submit(1);
  world.clock.run_for(seconds(20));
  world.submit(2);
  EXPECT_EQ(world.recorder.waiting_since(), began);
  EXPECT_FALSE(world.recorder.asking_since()) << "it was answered, if only with a failure";
  world.store.down = false;
  world.clock.run_for(seconds(20));
  EXPECT_EQ(world.done, (Ids{1, 2}));
  EXPECT_FALSE(world.recorder.waiting_since());
}

TEST(Recorder, WhatAWriterHoldsIsNotTakenForALateOutcome) {
  World world;
  world.store.held_times[1] = 1'000;
  world.submit(1);
  world.clock.run_for(seconds(15));
  EXPECT_EQ(world.recorder.held(), 1U);
  EXPECT_FALSE(world.recorder.waiting_since());
}

}  // namespace
}  // namespace vapisync::sync
