// The marker look-up: every page of the account, whatever the list looks like.
#include "unit/vapi/world.hpp"

namespace vapisync::vapi {
namespace {

struct Item {
  std::string id;
  std::string created_at;
  std::string resource;
};

std::string moment(int second) {
  return fmt::format("2026-08-01T10:{:02}:{:02}.000Z", second / 60, second % 60);
}

std::string page(const std::vector<Item>& items) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) text += ',';
    text += fmt::format(R"({{"id":"{}","createdAt":"{}")", item.id, item.created_at);
    if (!item.resource.empty()) {
      text += fmt::format(R"(,"metadata":{{"vapisync":{{"r":"{}","a":"x"}}}})", item.resource);
    }
    text += '}';
  }
  return text + "]";
}

/// `count` objects of others, newest first, `step` seconds apart.
std::vector<Item> others(int count, int newest, int step, const std::string& prefix) {
  std::vector<Item> items;
  for (int i = 0; i < count; ++i) {
    items.push_back({prefix + std::to_string(i), moment(newest - i * step), ""});
  }
  return items;
}

std::vector<std::string> ids(const Result<std::vector<Object>>& found) {
  std::vector<std::string> out;
  if (found) {
    for (const auto& object : *found) out.push_back(object.id);
  }
  return out;
}

boost::asio::awaitable<bool> always() {
  co_return true;
}
boost::asio::awaitable<bool> never() {
  co_return false;
}

Result<std::vector<Object>> find(World& world, std::string created_after = "") {
  return world.run(world.client.find(world.kind, "i/1", std::move(created_after), always));
}

TEST(ClientFind, AShortPageIsTheWholeAccount) {
  World world;
  world.vapi.answer(200, page({{"b", moment(2), "i/1"}, {"a", moment(1), "i/2"}}));
  EXPECT_EQ(ids(find(world)), std::vector<std::string>{"b"});
  EXPECT_EQ(world.vapi.lines(), std::vector<std::string>{"GET /assistant?limit=100"});
}

TEST(ClientFind, SearchesOnlyFromTheGivenMoment) {
  World world;
  world.vapi.answer(200, "[]");
  const auto found = find(world, "2026-08-01T09:00:00.000Z");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
  EXPECT_EQ(world.vapi.line(0),
            "GET /assistant?limit=100&createdAtGe=2026-08-01T09%3A00%3A00.000Z");
}

TEST(ClientFind, TheOldestIsTheOriginal) {
  World world;
  world.vapi.answer(
      200, page({{"c", moment(3), "i/1"}, {"b", moment(2), "i/1"}, {"a", moment(1), "i/1"}}));
  EXPECT_EQ(ids(find(world)), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(ClientFind, AFullPageIsFollowedByTheNext) {
  World world;
  auto first = others(100, 1'000, 1, "n");
  auto second = others(40, 901, 1, "o");
  second.front() = first.back();  // the edge comes twice, so that its millisecond is not skipped
  second.back().resource = "i/1";
  world.vapi.answer(200, page(first)).answer(200, page(second));
  EXPECT_EQ(ids(find(world)), std::vector<std::string>{"o39"});
  EXPECT_EQ(world.vapi.line(1), "GET /assistant?limit=100&createdAtLe=2026-08-01T10%3A15%3A01.001Z")
      << "a millisecond more: Vapi may store finer times than it shows";
}

TEST(ClientFind, AMatchAtTheEdgeIsFoundOnce) {
  World world;
  auto first = others(100, 1'000, 1, "n");
  first.back().resource = "i/1";
  world.vapi.answer(200, page(first)).answer(200, page({first.back()}));
  EXPECT_EQ(ids(find(world)), std::vector<std::string>{"n99"});
}

TEST(ClientFind, AnAccountOfExactlyOnePageIsLookedAtTwice) {
  World world;
  const auto first = others(100, 1'000, 1, "n");
  world.vapi.answer(200, page(first)).answer(200, page({first.back()}));
  const auto found = find(world);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

TEST(ClientFind, AFullPageOfOneMillisecondRaisesTheLimit) {
  World world;
  const auto same = others(100, 500, 0, "s");
  auto all = others(150, 500, 0, "s");
  all.back().resource = "i/1";
  world.vapi.answer(200, page(same)).answer(200, page(same)).answer(200, page(all));
  EXPECT_EQ(ids(find(world)), std::vector<std::string>{"s149"});
  EXPECT_TRUE(world.vapi.line(2).starts_with("GET /assistant?limit=1000&")) << world.vapi.line(2);
}

TEST(ClientFind, AnEndlessListIsAFailureAndNotAnAbsence) {
  World world;
  const auto hundred = page(others(100, 500, 0, "s"));
  const auto thousand = page(others(1'000, 500, 0, "s"));
  world.vapi.answer(200, hundred).answer(200, hundred).answer(200, thousand).answer(200, thousand);
  const auto found = find(world);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "list_endless");
  EXPECT_EQ(found.error().verdict, Verdict::retry);
  EXPECT_EQ(world.vapi.left(), 0U);
}

TEST(ClientFind, AFailingPageFailsTheLookUp) {
  World world;
  world.vapi.answer(200, page(others(100, 1'000, 1, "n"))).answer(500);
  EXPECT_EQ(find(world).error().code, "http_500");
}

TEST(ClientFind, AListThatCannotBeReadIsNoAbsence) {
  for (const auto* body :
       {"", "{}", R"({"results":[]})", "<html>", R"([{"name":"no id"}])", "[7]"}) {
    World world;
    world.vapi.answer(200, body);
    const auto found = find(world);
    ASSERT_FALSE(found) << body;
    EXPECT_EQ(found.error().verdict, Verdict::retry) << body;
    EXPECT_EQ(found.error().code, "unreadable_answer") << body;
  }
}

TEST(ClientFind, FurtherPagesArePaidFor) {
  World world;
  auto options = World::options();
  options.limits.rate_per_second = 1;
  options.limits.burst = 3;
  Client client(world.vapi, world.clock, world.random, options, {});
  const auto first = others(100, 1'000, 1, "n");
  world.vapi.answer(200, page(first)).answer(200, page({first.back()}));
  client.gate().started(world.clock.now());  // as a claim does, for its first request
  ASSERT_TRUE(world.run(client.find(world.kind, "i/1", "", always)));
  EXPECT_EQ(client.gate().allowance(world.clock.now()).count, 2)
      << "it paid for its page, and waited between its pages, so that others got their part";
}

TEST(ClientFind, AsksBetweenPagesWhetherToGoOn) {
  World world;
  world.vapi.answer(200, page(others(100, 1'000, 1, "n")));
  const auto found = world.run(world.client.find(world.kind, "i/1", "", never));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "search_ended");
  EXPECT_EQ(world.vapi.requests.size(), 1U);
}

}  // namespace
}  // namespace vapisync::vapi
