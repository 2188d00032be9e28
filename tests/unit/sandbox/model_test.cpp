// The API as a client meets it: answers, merging, lists, refusals.
#include "sandbox/model.hpp"

#include <set>

#include "unit/sandbox/world.hpp"

namespace vapisync::sandbox {
namespace {

TEST(SandboxModel, CreateAnswersTheWholeObjectWithServerFields) {
  World world;
  const Reply reply = world.call("POST", "/assistant", R"({"name":"A","metadata":{"k":1}})");
  EXPECT_EQ(reply.status, 201);
  const auto object = parsed(reply.body);
  EXPECT_EQ(json::text_or(object, "id", "").size(), 36U);
  EXPECT_EQ(json::text_or(object, "orgId", "").size(), 36U);
  EXPECT_EQ(json::text_or(object, "createdAt", ""), "2026-08-20T00:00:00.000Z");
  EXPECT_EQ(json::text_or(object, "updatedAt", ""), "2026-08-20T00:00:00.000Z");
  EXPECT_EQ(json::text_or(object, "latestVersion", ""), "v1");
  EXPECT_EQ(json::text_or(object, "name", ""), "A");
  EXPECT_EQ(json::to_text(*json::find(object, "metadata")), R"({"k":1})");
}

TEST(SandboxModel, AnEmptyCreateIsValidAndNamesMayRepeat) {
  World world;
  world.create();
  const std::string a = world.create(R"({"name":"same"})");
  const std::string b = world.create(R"({"name":"same"})");
  EXPECT_NE(a, b);
  EXPECT_EQ(world.list_size(), 3U);
}

TEST(SandboxModel, TheSameSeedGivesTheSameIds) {
  EXPECT_EQ(World(5).create(), World(5).create());
  EXPECT_NE(World(5).create(), World(6).create());
}

TEST(SandboxModel, PatchReplacesTheKeysItNamesAndKeepsTheOthers) {
  World world;
  const std::string id = world.create(
      R"({"name":"A","firstMessage":"hello",
          "model":{"provider":"openai","model":"m","messages":[{"role":"system","content":"p"}]}})");
  world.pass(milliseconds(5));
  world.call("PATCH", "/assistant/" + id, R"({"model":{"provider":"openai","model":"n"}})");
  const auto object = world.read(id);
  EXPECT_EQ(json::to_text(*json::find(object, "model")), R"({"provider":"openai","model":"n"})")
      << "the prompt is gone: nested objects are replaced, not merged";
  EXPECT_EQ(json::text_or(object, "firstMessage", ""), "hello");
  EXPECT_EQ(json::text_or(object, "updatedAt", ""), "2026-08-20T00:00:00.005Z");
  EXPECT_EQ(json::text_or(object, "latestVersion", ""), "v2");
}

TEST(SandboxModel, PatchWithoutAChangeMakesNoVersion) {
  World world;
  const std::string id = world.create(R"({"name":"A","maxDurationSeconds":600})");
  const std::string before = json::to_text(world.read(id));
  world.pass(milliseconds(5));
  const Reply reply =
      world.call("PATCH", "/assistant/" + id, R"({"maxDurationSeconds":600.0,"voice":null})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, before);
}

TEST(SandboxModel, NullClearsAKeyAndIsKept) {
  World world;
  const std::string id = world.create(R"({"firstMessage":"hello"})");
  const auto object =
      parsed(world.call("PATCH", "/assistant/" + id, R"({"firstMessage":null})").body);
  ASSERT_NE(json::find(object, "firstMessage"), nullptr);
  EXPECT_TRUE(json::find(object, "firstMessage")->IsNull());
  EXPECT_EQ(json::text_or(object, "latestVersion", ""), "v2");
}

TEST(SandboxModel, ARefusedPatchChangesNothing) {
  World world;
  const std::string id = world.create(R"({"name":"A"})");
  const Reply reply = world.call("PATCH", "/assistant/" + id, R"({"name":"B","nonsense":1})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(json::text_or(world.read(id), "name", ""), "A");
}

TEST(SandboxModel, ServerFieldsCanNotBeSentBack) {
  World world;
  const Reply reply =
      world.call("POST", "/assistant", R"({"id":"x","orgId":"y","createdAt":"z","name":"A"})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(joined(json::find(parsed(reply.body), "message")),
            "property id should not exist | property orgId should not exist | "
            "property createdAt should not exist");
}

TEST(SandboxModel, DeleteAnswersTheObjectAndThenItIsGone) {
  World world;
  const std::string id = world.create(R"({"name":"A"})");
  const Reply first = world.call("DELETE", "/assistant/" + id);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(json::text_or(parsed(first.body), "name", ""), "A");
  for (const char* method : {"GET", "PATCH", "DELETE"}) {
    EXPECT_EQ(world.call(method, "/assistant/" + id).status, 404) << method;
  }
}

TEST(SandboxModel, AccountsDoNotSeeEachOther) {
  World world;
  const std::string id = world.create("{}", "key-a");
  EXPECT_EQ(world.call("GET", "/assistant/" + id, {}, "key-b").status, 404);
  EXPECT_EQ(world.call("PATCH", "/assistant/" + id, R"({"name":"x"})", "key-b").status, 404);
  EXPECT_EQ(world.call("DELETE", "/assistant/" + id, {}, "key-b").status, 404);
  EXPECT_EQ(world.call("GET", "/assistant", {}, "key-b").body, "[]");
}

TEST(SandboxModel, KeysWithTheSameNameShareAnAccount) {
  World world;
  const std::string id = world.create("{}", "acme~1");
  EXPECT_EQ(world.call("GET", "/assistant/" + id, {}, "acme~2").status, 200);
  EXPECT_EQ(world.call("GET", "/assistant/" + id, {}, "acme").status, 200);
}

TEST(SandboxModel, BadKeysAreRefusedInVapisWords) {
  World world;
  const Reply wrong = world.call("GET", "/assistant", {}, "invalid-key");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.body,
            R"({"message":"Invalid Key. Hot tip, you may be using the private key instead of the )"
            R"(public key, or vice versa.","error":"Unauthorized","statusCode":401})");
  Request missing = make_request("GET", "/assistant");
  missing.authorization.clear();
  EXPECT_EQ(
      world.send(missing).reply.body,
      R"({"message":"Missing Authorization Header.","error":"Unauthorized","statusCode":401})");
}

TEST(SandboxModel, ARequestWithoutUserAgentIsStoppedByTheProxy) {
  World world;
  Request request = make_request("POST", "/assistant", "{}");
  request.user_agent.clear();
  const Reply reply = world.send(request).reply;
  EXPECT_EQ(reply.status, 403);
  EXPECT_TRUE(reply.content_type.starts_with("text/html"));
  EXPECT_EQ(world.list_size(), 0U);
}

TEST(SandboxModel, UnknownRoutesAndMethodsAre404) {
  World world;
  EXPECT_EQ(world.call("POST", "/v1/assistant").body,
            R"({"message":"Cannot POST /v1/assistant","error":"Not Found","statusCode":404})");
  EXPECT_EQ(world.call("PUT", "/assistant/x").status, 404);
  EXPECT_EQ(world.call("POST", "/assistant/x").status, 404);
  EXPECT_EQ(world.call("GET", "/assistant/x/y").status, 404);
}

TEST(SandboxModel, BodiesThatAreNotAJsonObjectAreRefused) {
  World world;
  for (const char* body : {"{", "[]", "1", "null", "{}x"}) {
    EXPECT_EQ(world.call("POST", "/assistant", body).status, 400) << body;
  }
  Request form = make_request("POST", "/assistant", "name=x");
  form.content_type = "application/x-www-form-urlencoded";
  EXPECT_EQ(world.send(form).reply.status, 415);
  EXPECT_EQ(world.list_size(), 0U);
}

TEST(SandboxModel, InvalidHooksAreDroppedSilently) {
  World world;
  const std::string id = world.create(
      R"({"hooks":[{"on":"no.such.event","do":[]},{"on":"call.ending","do":[]},{"on":"call.ending"},7]})");
  EXPECT_EQ(json::to_text(*json::find(world.read(id), "hooks")),
            R"([{"on":"call.ending","do":[]}])");
}

TEST(SandboxModel, ListsAreNewestFirstEvenWithinAMillisecond) {
  World world;
  const std::string a = world.create();
  const std::string b = world.create();
  world.pass(milliseconds(1));
  const std::string c = world.create();
  const auto list = parsed(world.call("GET", "/assistant").body);
  ASSERT_EQ(list.Size(), 3U);
  EXPECT_EQ(json::text_or(list[0], "id", ""), c);
  EXPECT_EQ(json::text_or(list[1], "id", ""), b);
  EXPECT_EQ(json::text_or(list[2], "id", ""), a);
}

TEST(SandboxModel, ListsHoldAHundredUnlessToldOtherwise) {
  World world;
  for (int i = 0; i < 120; ++i) world.create();
  EXPECT_EQ(world.list_size(), 100U);
  EXPECT_EQ(world.list_size("?limit=120"), 120U);
  EXPECT_EQ(world.list_size("?limit=7"), 7U);
  EXPECT_EQ(world.list_size("?limit=0"), 0U);
}

TEST(SandboxModel, TimeFiltersBoundTheListOnBothSides) {
  World world;
  for (int i = 0; i < 4; ++i) {
    world.create();
    world.pass(milliseconds(10));
  }
  EXPECT_EQ(world.list_size("?createdAtGt=2026-08-20T00:00:00.010Z"), 2U);
  EXPECT_EQ(world.list_size("?createdAtGe=2026-08-20T00:00:00.010Z"), 3U);
  EXPECT_EQ(world.list_size("?createdAtLt=2026-08-20T00:00:00.010Z"), 1U);
  EXPECT_EQ(world.list_size("?createdAtLe=2026-08-20T00%3A00%3A00.010Z"), 2U);
  EXPECT_EQ(world.list_size("?createdAtGe=2026-08-20T02:00:00.010%2B02:00&updatedAtLt="
                            "2026-08-20T00:00:00.030Z"),
            2U);
}

TEST(SandboxModel, PagingByCreationTimeSeesEveryObject) {
  World world;
  std::set<std::string> all;
  for (int i = 0; i < 25; ++i) {
    all.insert(world.create());
    if (i % 3 == 0) world.pass(milliseconds(1));
  }
  std::set<std::string, std::less<>> seen;
  std::string query = "?limit=10";
  for (int page = 0; page < 10 && seen.size() < all.size(); ++page) {
    const auto list = parsed(world.call("GET", "/assistant" + query).body);
    for (const auto& item : list.GetArray()) seen.emplace(json::text_or(item, "id", ""));
    query = "?limit=10&createdAtLe=" +
            std::string(json::text_or(list[list.Size() - 1], "createdAt", ""));
  }
  EXPECT_EQ(seen.size(), all.size());
}

TEST(SandboxModel, ListsRefuseWhatTheyDoNotKnow) {
  struct Case {
    const char* query;
    const char* complaint;
  };
  constexpr Case cases[] = {
      {"?limit=1001", "limit must not be greater than 1000"},
      {"?limit=99999999999999999999999", "limit must not be greater than 1000"},
      {"?limit=-1", "limit must not be less than 0"},
      {"?limit=ten", "limit must be a number conforming to the specified constraints"},
      {"?createdAtGe=yesterday", "createdAtGe must be a valid ISO 8601 date string"},
      {"?createdAtGe=2026-02-30T00:00:00Z", "createdAtGe must be a valid ISO 8601 date string"},
      {"?name=x", "property name should not exist"},
      {"?createdAt=2026-02-20T00:00:00Z", "property createdAt should not exist"},
  };
  World world;
  for (const auto& c : cases) {
    const Reply reply = world.call("GET", std::string("/assistant") + c.query);
    EXPECT_EQ(reply.status, 400) << c.query;
    EXPECT_EQ(joined(json::find(parsed(reply.body), "message")), c.complaint);
  }
}

TEST(SandboxModel, AKindThatCanNotBeChangedHasNoPatch) {
  static constexpr schema::Field fields[] = {schema::text("name")};
  static constexpr schema::Shape shape{fields};
  static constexpr Kind kinds[] = {{"file", "files", "File", &shape, nullptr, false}};
  Model model(1, kinds);
  const auto call = [&model](const char* method, const std::string& path, std::string body = {}) {
    const Request request = make_request(method, path, std::move(body));
    return model.execute(request, {}, Instant{}).reply;
  };
  const Reply made = call("POST", "/file", R"({"name":"A"})");
  ASSERT_EQ(made.status, 201);
  const auto path = "/file/" + std::string(json::text_or(parsed(made.body), "id", ""));
  EXPECT_EQ(call("PATCH", path, R"({"name":"B"})").status, 404);
  EXPECT_EQ(json::text_or(parsed(call("GET", path).body), "name", ""), "A");
  EXPECT_EQ(call("GET", "/assistant").status, 404) << "only what it was given";
  EXPECT_EQ(call("DELETE", path).status, 200);
}

}  // namespace
}  // namespace vapisync::sandbox
