// Clock, event and chance: the parts that everything else is driven by.
#include <gtest/gtest.h>
#include <regex>
#include <set>

#include "base/event.hpp"
#include "base/random.hpp"
#include "support/run.hpp"

namespace vapisync {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::SimClock;

boost::asio::awaitable<void> wait_for(Event& event, int& woken) {
  co_await event.wait();
  ++woken;
}

boost::asio::awaitable<void> note_after(Clock& clock, Duration wait, std::vector<int>& order,
                                        int name) {
  co_await sleep_for(clock, wait);
  order.push_back(name);
}

void start(SimClock& clock, boost::asio::awaitable<void> coroutine) {
  boost::asio::co_spawn(clock.context(), std::move(coroutine), [](std::exception_ptr) {});
}

TEST(SimClock, SleepersWakeInTheOrderOfTheirTimes) {
  SimClock clock;
  std::vector<int> order;
  const TimePoint begin = clock.now();
  start(clock, note_after(clock, seconds(3), order, 3));
  start(clock, note_after(clock, seconds(1), order, 1));
  start(clock, note_after(clock, seconds(1), order, 2));
  EXPECT_TRUE(clock.run_until([&] { return order.size() == 3; }));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(clock.now(), begin + seconds(3));
  EXPECT_FALSE(clock.step()) << "nobody sleeps any more";
}

TEST(SimClock, RunForStopsWhenItsTimeIsOver) {
  SimClock clock;
  std::vector<int> order;
  const TimePoint begin = clock.now();
  start(clock, note_after(clock, seconds(1), order, 1));
  start(clock, note_after(clock, seconds(5), order, 5));
  clock.run_for(seconds(4));
  EXPECT_EQ(order, std::vector<int>{1});
  EXPECT_EQ(clock.now(), begin + seconds(4));
  EXPECT_FALSE(clock.run_until([] { return false; }, milliseconds(999)));
  EXPECT_EQ(order.size(), 1U);
}

TEST(Event, ASetWithoutAWaiterIsRememberedOnce) {
  SimClock clock;
  Event event(clock);
  event.set();
  event.set();
  int woken = 0;
  start(clock, wait_for(event, woken));
  clock.settle();
  EXPECT_EQ(woken, 1);
  start(clock, wait_for(event, woken));
  clock.run_for(std::chrono::hours(10));
  EXPECT_EQ(woken, 1) << "the second wait needs a second set";
  event.set();
  clock.settle();
  EXPECT_EQ(woken, 2);
}

TEST(Event, AWaitEndsAtItsTimeOrWhenSet) {
  SimClock clock;
  Event event(clock);
  const TimePoint begin = clock.now();
  test::run(clock, event.wait_until(begin + seconds(2)));
  EXPECT_EQ(clock.now(), begin + seconds(2));

  test::run(clock, event.wait_until(begin));
  EXPECT_EQ(clock.now(), begin + seconds(2)) << "a moment that has passed";

  bool ended = false;
  boost::asio::co_spawn(clock.context(), event.wait_until(begin + seconds(60)),
                        [&](std::exception_ptr, bool set) { ended = set; });
  clock.run_for(seconds(1));
  EXPECT_FALSE(ended);
  event.set();
  clock.settle();
  EXPECT_TRUE(ended);
  EXPECT_EQ(clock.now(), begin + seconds(3));
}

TEST(RealClock, WakesAtOnceFromATimeThatPassed) {
  boost::asio::io_context context;
  const auto clock = make_real_clock(context.get_executor());
  const TimePoint begin = clock->now();
  test::run(context, sleep_for(*clock, seconds(-1)));
  test::run(context, sleep_for(*clock, milliseconds(2)));
  EXPECT_GE(clock->now(), begin + milliseconds(2));
}

TEST(RealClock, ACancelledWaitEnds) {
  boost::asio::io_context context;
  const auto clock = make_real_clock(context.get_executor());
  Event event(*clock);
  boost::asio::post(context, [&event] { event.set(); });
  test::run(context, event.wait());
}

TEST(Random, UuidsAreOfVersionFour) {
  Random random(7);
  const std::regex shape("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string uuid = random.uuid();
    EXPECT_TRUE(std::regex_match(uuid, shape)) << uuid;
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

TEST(Random, OneSeedIsOneSequence) {
  Random a(42);
  Random b(42);
  EXPECT_EQ(a.uuid(), b.uuid());
  EXPECT_EQ(a.hex(20), b.hex(20));
  EXPECT_NE(Random().uuid(), Random().uuid());
}

TEST(Random, UnitAndHexKeepTheirBounds) {
  Random random(1);
  for (int i = 0; i < 1'000; ++i) {
    const double unit = random.unit();
    EXPECT_GE(unit, 0.0);
    EXPECT_LT(unit, 1.0);
  }
  for (const int digits : {0, 1, 15, 16, 17, 64}) {
    EXPECT_EQ(random.hex(digits).size(), static_cast<size_t>(digits));
  }
}

}  // namespace
}  // namespace vapisync
