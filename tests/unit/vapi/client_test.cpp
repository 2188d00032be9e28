// What the client sends, and how it reads answers.
#include "unit/vapi/world.hpp"

namespace vapisync::vapi {
namespace {

constexpr auto object = R"({"id":"a1","orgId":"o1","name":"A"})";

TEST(Client, SendsEachCallToItsPlace) {
  World world;
  const auto document = json::parse(R"({"name":"A"})");
  world.vapi.answer(201, object).answer(200, object).answer(200, object).answer(200, object);
  ASSERT_TRUE(world.run(world.client.create(world.kind, *document)));
  ASSERT_TRUE(world.run(world.client.get(world.kind, "a1")));
  ASSERT_TRUE(world.run(world.client.update(world.kind, "a/1?x", *document)));
  ASSERT_TRUE(world.run(world.client.remove(world.kind, "a1")));
  EXPECT_EQ(world.vapi.lines(),
            (std::vector<std::string>{"POST /assistant", "GET /assistant/a1",
                                      "PATCH /assistant/a%2F1%3Fx", "DELETE /assistant/a1"}));
  const auto& requests = world.vapi.requests;
  EXPECT_EQ(requests[0].body, R"({"name":"A"})");
  EXPECT_EQ(requests[1].body, "");
  EXPECT_EQ(requests[3].body, "");
  for (const auto& request : requests) {
    EXPECT_EQ(request.bearer.reveal(), "vapi-key-0123456789");
    EXPECT_EQ(request.timeout, std::chrono::seconds(7));
  }
}

TEST(Client, ReadsTheObjectThatWasStored) {
  World world;
  world.vapi.answer(201, object);
  const auto created = world.create();
  ASSERT_TRUE(created);
  EXPECT_EQ(created->id, "a1");
  EXPECT_EQ(created->account_id, "o1");
  EXPECT_EQ(json::text_or(created->document, "name", ""), "A");
}

TEST(Client, ACreateWhoseAnswerCannotBeReadIsUnknown) {
  for (const auto* body : {"", "<html>ok</html>", "[]", "{}", R"({"id":"a1")", R"({"id":7})"}) {
    World world;
    world.vapi.answer(201, body);
    const auto created = world.create();
    ASSERT_FALSE(created) << body;
    EXPECT_EQ(created.error().verdict, Verdict::unknown) << body;
    EXPECT_EQ(created.error().code, "unreadable_answer");
    EXPECT_EQ(created.error().status, 201);
  }
}

TEST(Client, AReadWhoseAnswerCannotBeReadIsTriedAgain) {
  World world;
  world.vapi.answer(200, "<html>");
  EXPECT_EQ(world.get().error().verdict, Verdict::retry);
}

TEST(Client, ADeleteNeedsNoObjectInItsAnswer) {
  World world;
  world.vapi.answer(200, "{}");
  EXPECT_TRUE(world.run(world.client.remove(world.kind, "a1")));
}

TEST(Client, A404NamesAnObjectOnlyWhereTheTargetDoes) {
  World world;
  constexpr auto body = R"({"message":"Cannot POST /v1/assistant","error":"Not Found"})";
  world.vapi.answer(404, body).answer(404, body).answer(404, body);
  EXPECT_EQ(world.get().error().verdict, Verdict::missing);

  const auto created = world.create();
  EXPECT_EQ(created.error().verdict, Verdict::retry);
  EXPECT_EQ(created.error().code, "no_such_route");
  EXPECT_NE(created.error().message.find("vapi.base_url"), std::string::npos);

  const auto found = world.run(world.client.find(world.kind, "i/1", "", {}));
  EXPECT_EQ(found.error().verdict, Verdict::retry) << "an empty account is not what it says";
}

TEST(Client, ALostAnswerToACreateIsUnknownAndAnUnsentOneIsNot) {
  World world;
  world.vapi.fail("timeout", true).fail("connect_failed", false);
  EXPECT_EQ(world.create().error().verdict, Verdict::unknown);
  EXPECT_EQ(world.create().error().verdict, Verdict::retry);
}

TEST(Client, AFirstRefusalPausesForAMinuteAndThenDoubles) {
  World world;
  for (int i = 0; i < 6; ++i) {
    world.vapi.answer(401, R"({"message":"Invalid Key."})");
    EXPECT_EQ(world.get().error().verdict, Verdict::auth);
    EXPECT_TRUE(world.client.gate().paused(world.clock.now()));
    world.clock.run_for(std::chrono::minutes(15));
    EXPECT_FALSE(world.client.gate().paused(world.clock.now()));
  }
  EXPECT_EQ(world.told,
            (std::vector<std::string>{"paused http_401 60000", "paused http_401 120000",
                                      "paused http_401 240000", "paused http_401 480000",
                                      "paused http_401 900000", "paused http_401 900000"}));
}

TEST(Client, RefusalsOfWhatWasInFlightAreOneRefusal) {
  World world;
  std::vector<Verdict> verdicts;
  for (int i = 0; i < 4; ++i) {
    world.vapi.answer(401, "{}", std::chrono::milliseconds(10 * (i + 1)));
    boost::asio::co_spawn(world.clock.context(), world.client.get(world.kind, "a1"),
                          [&](std::exception_ptr, const Result<Object>& result) {
                            verdicts.push_back(result.error().verdict);
                          });
  }
  world.clock.run_for(std::chrono::seconds(1));
  EXPECT_EQ(verdicts, std::vector<Verdict>(4, Verdict::auth)) << "each of them is released";
  EXPECT_EQ(world.told, std::vector<std::string>{"paused http_401 60000"});
}

TEST(Client, ASuccessSentBeforeAPauseDoesNotEndIt) {
  World world;
  world.vapi.answer(429, "", std::chrono::milliseconds(10))
      .answer(200, object, std::chrono::milliseconds(20));
  for (int i = 0; i < 2; ++i) {
    boost::asio::co_spawn(world.clock.context(), world.client.get(world.kind, "a1"),
                          [](std::exception_ptr, const Result<Object>&) {});
  }
  world.clock.run_for(std::chrono::milliseconds(30));
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_TRUE(world.told[0].starts_with("paused http_429"));
  EXPECT_TRUE(world.client.gate().paused(world.clock.now()));
}

TEST(Client, ASuccessSentBeforeARefusalDoesNotMakeItTheFirstAgain) {
  World world;
  world.vapi.answer(401, "{}", std::chrono::milliseconds(10));
  world.vapi.answer(200, object, std::chrono::milliseconds(20)).answer(401, "{}");
  for (int i = 0; i < 2; ++i) {
    boost::asio::co_spawn(world.clock.context(), world.client.get(world.kind, "a1"),
                          [](std::exception_ptr, const Result<Object>&) {});
  }
  world.clock.run_for(std::chrono::minutes(2));
  EXPECT_FALSE(world.get());
  EXPECT_EQ(world.told,
            (std::vector<std::string>{"paused http_401 60000", "paused http_401 120000"}));
}

TEST(Client, ARefusalThatEndedIsToldOnceAndForgotten) {
  World world;
  world.vapi.answer(401, "{}").answer(200, object).answer(200, object).answer(401, "{}");
  EXPECT_FALSE(world.get());
  world.clock.run_for(std::chrono::minutes(1));
  EXPECT_TRUE(world.get());
  EXPECT_TRUE(world.get());
  EXPECT_FALSE(world.get());
  EXPECT_EQ(world.told, (std::vector<std::string>{"paused http_401 60000", "recovered",
                                                  "paused http_401 60000"}));
}

TEST(Client, A429PausesAtLeastAsLongAsItAsks) {
  World world;
  http::Response throttled;
  throttled.status = 429;
  throttled.headers.add("Retry-After", "90");
  world.vapi.answer(throttled);
  const TimePoint before = world.clock.now();
  EXPECT_EQ(world.get().error().retry_after_ms, 90'000);
  EXPECT_TRUE(world.client.gate().paused(before + std::chrono::seconds(89)));
  EXPECT_FALSE(world.client.gate().paused(before + std::chrono::seconds(90)));
}

TEST(Client, LaterThrottlingCanOnlyProlongAPause) {
  World world;
  http::Response longer;
  longer.status = 429;
  longer.headers.add("Retry-After", "300");
  world.vapi.answer(429).answer(longer).answer(429);
  const TimePoint before = world.clock.now();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(world.get());
  EXPECT_EQ(world.told.size(), 1U);
  EXPECT_TRUE(world.client.gate().paused(before + std::chrono::seconds(299)));
}

TEST(Client, AnOutageIsToldOnceAndItsEndOnce) {
  World world;
  world.vapi.fail("timeout", true).answer(502, "<html>").fail("connect_failed", false);
  world.vapi.answer(503).answer(200, object).answer(200, object);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(world.get());
  EXPECT_FALSE(world.client.breaker_closed());
  EXPECT_FALSE(world.get());
  EXPECT_TRUE(world.get());
  EXPECT_TRUE(world.client.breaker_closed());
  EXPECT_TRUE(world.get());
  EXPECT_EQ(world.told, (std::vector<std::string>{"outage connect_failed", "recovered"}));
}

TEST(Client, ARefusedDocumentShowsThatVapiWorks) {
  World world;
  for (const int status : {400, 404, 400, 422, 404, 400}) world.vapi.answer(status, "{}");
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(world.get());
  EXPECT_TRUE(world.told.empty());
  EXPECT_TRUE(world.client.breaker_closed());
}

TEST(Client, RequestsAreCountedByKindMethodAndAnswer) {
  Metrics metrics;
  RequestMetrics counted(metrics);
  World world;
  ClientOptions options = World::options();
  options.metrics = &counted;
  Client client(world.vapi, world.clock, world.random, std::move(options), {});
  world.vapi.answer(200, object).answer(503).fail("timeout", true);
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(test::run(world.clock, client.get(world.kind, "a1")));
  }
  const auto text = metrics.text();
  const std::string family =
      R"(vapisync_vapi_requests_total{kind="assistant",method="GET",status=)";
  for (const auto* status : {"200", "503", "none"}) {
    EXPECT_NE(text.find(family + '"' + status + "\"} 1\n"), std::string::npos) << text;
  }
  EXPECT_NE(text.find("vapisync_vapi_request_seconds_count 3\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace vapisync::vapi
