// How often the queue is looked at, and what a look leaves for health and metrics.
#include "sync/queue_watch.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "support/sim_clock.hpp"

namespace vapisync::sync {
namespace {

using std::chrono::seconds;

struct Watching {
  boost::asio::awaitable<Result<db::QueueState>> look() {
    ++looks;
    co_await sleep_for(clock, takes);
    if (!failure.empty()) co_return make_error(Verdict::retry, "db", failure);
    co_return state;
  }
  void start() {
    boost::asio::co_spawn(clock.context(), watch.run(), [](std::exception_ptr) {});
    clock.settle();
  }
  /// How many looks begin in so long a time.
  int looks_within(Duration time) {
    const int before = looks;
    clock.run_for(time);
    return looks - before;
  }

  test::SimClock clock;
  Metrics metrics;
  QueueWatch watch{clock, metrics, [this] { return look(); }};
  db::QueueState state;
  std::string failure;
  Milliseconds takes{1};
  int looks{0};
};

TEST(QueueWatch, LooksRarelyWhenALookIsExpensive) {
  Watching world;
  world.takes = seconds(1);
  world.start();
  EXPECT_LE(world.looks_within(std::chrono::minutes(10)), 13);
}

TEST(QueueWatch, SeesSoonThatADatabaseIsBackHoweverLongItKeptALookWaiting) {
  Watching world;
  world.failure = "no answer";
  world.takes = seconds(30);
  world.start();
  world.clock.run_for(seconds(31));
  EXPECT_EQ(world.watch.failure(), "no answer");
  world.failure.clear();
  world.takes = Milliseconds{1};
  world.clock.run_for(seconds(6));
  EXPECT_EQ(world.watch.failure(), "");
}

TEST(QueueWatch, CountsTheKeysThatRestWhateverTheReason) {
  Watching world;
  world.state.paused_credentials = {{"http_401", 2}, {"of_its_own", 1}};
  world.start();
  world.clock.run_for(seconds(1));
  EXPECT_EQ(world.watch.paused_credentials(), 3);
  EXPECT_NE(world.metrics.text().find(R"(vapisync_paused_credentials{reason="of_its_own"} 1)"),
            std::string::npos);
  world.state.paused_credentials.clear();
  world.clock.run_for(seconds(6));
  EXPECT_EQ(world.watch.paused_credentials(), 0);
  EXPECT_NE(world.metrics.text().find(R"(vapisync_paused_credentials{reason="of_its_own"} 0)"),
            std::string::npos);
}

}  // namespace
}  // namespace vapisync::sync
