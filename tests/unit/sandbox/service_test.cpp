// What each fault does to a request, and what the journal says about it.
#include "sandbox/service.hpp"

#include "unit/sandbox/world.hpp"

namespace vapisync::sandbox {
namespace {

TEST(SandboxService, ACutBeforeTheCommitDoesNothing) {
  World world;
  world.set_faults(R"([{"match":{"method":"POST"},"cut":{}}])");
  EXPECT_TRUE(world.send(make_request("POST", "/assistant", "{}")).cut);
  EXPECT_EQ(world.last_entry().ending, Ending::cut);
  EXPECT_EQ(world.last_entry().executed, 0);
  EXPECT_EQ(world.list_size(), 0U);
}

TEST(SandboxService, ACutAfterTheCommitLosesOnlyTheAnswer) {
  World world;
  world.set_faults(R"([{"match":{"method":"POST"},"cut":{"after_commit":true}}])");
  EXPECT_TRUE(world.send(make_request("POST", "/assistant", "{}")).cut);
  EXPECT_EQ(world.last_entry().ending, Ending::cut);
  EXPECT_EQ(world.last_entry().executed, 201);
  EXPECT_EQ(world.last_entry().change.op, ChangeOp::created);
  EXPECT_EQ(world.list_size(), 1U);
}

TEST(SandboxService, AnErrorMayHideACommit) {
  World world;
  const std::string id = world.create(R"({"name":"A"})");
  world.set_faults(
      R"([{"match":{"method":"PATCH"},"answer":{"status":502,"html":true,"after_commit":true}}])");
  const Reply reply = world.call("PATCH", "/assistant/" + id, R"({"name":"B"})");
  EXPECT_EQ(reply.status, 502);
  EXPECT_TRUE(reply.body.starts_with("<!DOCTYPE html>"));
  EXPECT_EQ(json::text_or(world.read(id), "name", ""), "B");
}

TEST(SandboxService, RateLimitsComeInThreeForms) {
  World world;
  world.set_faults(R"([
    {"count":1,"answer":{"status":429,"body":""}},
    {"count":1,"answer":{"status":429}},
    {"count":1,"answer":{"status":429,"body":"","retry_after":20}}])");
  const Reply empty = world.call("GET", "/assistant");
  EXPECT_EQ(empty.status, 429);
  EXPECT_EQ(empty.body, "");
  EXPECT_TRUE(empty.headers.empty());
  EXPECT_EQ(world.call("GET", "/assistant").body,
            R"({"message":"Rate limit exceeded","error":"Too Many Requests","statusCode":429})");
  const Reply polite = world.call("GET", "/assistant");
  ASSERT_EQ(polite.headers.size(), 1U);
  EXPECT_EQ(polite.headers[0].first, "Retry-After");
  EXPECT_EQ(polite.headers[0].second, "20");
}

TEST(SandboxService, AnyBodyCanBeAnswered) {
  World world;
  world.set_faults(
      R"([{"match":{"method":"DELETE"},"answer":{"status":409,
          "body":{"error":"assistant_pinned","message":"in use"}}}])");
  const std::string id = world.create();
  const Reply reply = world.call("DELETE", "/assistant/" + id);
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(reply.body, R"({"error":"assistant_pinned","message":"in use"})");
  EXPECT_EQ(world.list_size(), 1U);
}

TEST(SandboxService, ADelayOnlyDelaysTheAnswer) {
  World world;
  world.set_faults(R"([{"delay":{"ms":250}}])");
  const Outcome outcome = world.send(make_request("POST", "/assistant", "{}"));
  EXPECT_EQ(outcome.delay, milliseconds(250));
  EXPECT_EQ(outcome.reply.status, 201);
}

TEST(SandboxService, ALateCommitLandsWhenItsTimeHasCome) {
  World world;
  world.set_faults(R"([{"match":{"method":"POST"},"late_commit":{"ms":5000}}])");
  const Outcome outcome = world.send(make_request("POST", "/assistant", R"({"name":"late"})"));
  ASSERT_TRUE(outcome.ticket);
  EXPECT_EQ(outcome.delay, milliseconds(5000));
  EXPECT_EQ(world.service.next_landing(), world.now + milliseconds(5000));
  world.pass(milliseconds(4999));
  EXPECT_EQ(world.list_size(), 0U);
  world.pass(milliseconds(1));
  EXPECT_EQ(world.list_size(), 1U) << "it lands by itself: nobody has to collect the answer";
  const Reply reply = world.service.collect(*outcome.ticket, world.now);
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(json::text_or(parsed(reply.body), "createdAt", ""), "2026-08-20T00:00:05.000Z");
}

TEST(SandboxService, ALateCommitIsJournalledAtArrivalAndAtLanding) {
  World world;
  world.set_faults(R"([{"match":{"method":"POST"},"late_commit":{"ms":10,"answer":"cut"}}])");
  const Outcome outcome = world.send(make_request("POST", "/assistant", "{}"));
  EXPECT_TRUE(outcome.cut);
  EXPECT_EQ(outcome.delay, milliseconds(0));
  world.pass(milliseconds(30));
  world.service.advance(world.now);
  const auto& entries = world.service.journal().entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].change.op, ChangeOp::none);
  EXPECT_EQ(entries[0].ending, Ending::cut);
  EXPECT_EQ(entries[1].change.op, ChangeOp::created);
  EXPECT_EQ(entries[1].late_of, entries[0].seq);
  EXPECT_EQ(to_iso(entries[1].at), "2026-08-20T00:00:00.010Z");
}

TEST(SandboxService, ALatePatchOverwritesANewerOne) {
  World world;
  const std::string id = world.create(R"({"name":"old"})");
  world.set_faults(R"([{"match":{"body":"stale"},"late_commit":{"ms":100,"answer":"none"}}])");
  const Outcome lost = world.send(make_request("PATCH", "/assistant/" + id, R"({"name":"stale"})"));
  EXPECT_TRUE(lost.cut);
  EXPECT_GT(lost.delay, milliseconds(100)) << "a silent connection outlives the landing";
  world.call("PATCH", "/assistant/" + id, R"({"name":"fresh"})");
  EXPECT_EQ(json::text_or(world.read(id), "name", ""), "fresh");
  world.pass(milliseconds(100));
  EXPECT_EQ(json::text_or(world.read(id), "name", ""), "stale");
}

TEST(SandboxService, ListLagHidesAFreshObjectFromListsAndIfAskedFromReads) {
  World world;
  world.set_faults(R"([{"match":{"body":"deep"},"list_lag":{"ms":100,"get":true}},
                       {"list_lag":{"ms":100}}])");
  const std::string shallow = world.create();
  const std::string deep = world.create(R"({"name":"deep"})");
  EXPECT_EQ(world.list_size(), 0U);
  EXPECT_EQ(world.call("GET", "/assistant/" + shallow).status, 200);
  EXPECT_EQ(world.call("GET", "/assistant/" + deep).status, 404);
  world.pass(milliseconds(100));
  EXPECT_EQ(world.list_size(), 2U);
  EXPECT_EQ(world.call("GET", "/assistant/" + deep).status, 200);
}

TEST(SandboxService, NormalisingStoresSomethingElseThanWasSent) {
  World world;
  world.set_faults(R"([
    {"normalise":{"field":"name","trim":true}},
    {"normalise":{"field":"firstMessage","value":"other"}},
    {"normalise":{"field":"model.messages.0.content","lowercase":true}},
    {"normalise":{"field":"voicemailMessage","drop":true}},
    {"normalise":{"field":"maxDurationSeconds","default":600}}])");
  const std::string id = world.create(
      R"({"name":"  A ","firstMessage":"mine","voicemailMessage":"gone",
          "model":{"provider":"openai","model":"M","messages":[{"role":"user","content":"HI"}]}})");
  const auto object = world.read(id);
  EXPECT_EQ(json::text_or(object, "name", ""), "A");
  EXPECT_EQ(json::text_or(object, "firstMessage", ""), "other");
  EXPECT_EQ(json::find(object, "voicemailMessage"), nullptr);
  EXPECT_EQ(json::to_text(*json::find(object, "maxDurationSeconds")), "600");
  EXPECT_EQ(json::to_text(*json::find(object, "model")),
            R"({"provider":"openai","model":"M","messages":[{"role":"user","content":"hi"}]})");
}

TEST(SandboxService, NormalisedTwiceIsNoChange) {
  World world;
  world.set_faults(R"([{"normalise":{"field":"name","trim":true}}])");
  const std::string id = world.create(R"({"name":" A"})");
  world.call("PATCH", "/assistant/" + id, R"({"name":" A"})");
  EXPECT_EQ(json::text_or(world.read(id), "latestVersion", ""), "v1");
}

TEST(SandboxService, AStuckKeyRefusesOrIgnoresNull) {
  World world;
  const std::string path =
      "/assistant/" + world.create(R"({"firstMessage":"a","voicemailMessage":"b"})");
  world.set_faults(R"([{"stuck_keys":{"keys":["firstMessage"]}},
                       {"stuck_keys":{"keys":["voicemailMessage"],"refuse":false}}])");
  const Reply refused = world.call("PATCH", path, R"({"firstMessage":null,"name":"x"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(joined(json::find(parsed(refused.body), "message")), "firstMessage must not be null");
  const auto object = parsed(world.call("PATCH", path, R"({"voicemailMessage":null})").body);
  EXPECT_EQ(json::text_or(object, "voicemailMessage", ""), "b");
  EXPECT_EQ(json::text_or(object, "latestVersion", ""), "v1");
  EXPECT_EQ(world.call("PATCH", path, R"({"firstMessage":"c"})").status, 200);
}

TEST(SandboxService, TimeNeverRunsBackwards) {
  World world;
  world.create();
  world.now -= milliseconds(1000);
  world.create();
  const auto list = parsed(world.call("GET", "/assistant").body);
  EXPECT_EQ(json::text_or(list[0], "createdAt", ""), json::text_or(list[1], "createdAt", ""));
}

TEST(SandboxService, FaultsOnAnAccountDoNotNeedAValidKey) {
  World world;
  world.set_faults(R"([{"answer":{"status":503}}])");
  EXPECT_EQ(world.call("GET", "/assistant", {}, "invalid").status, 503);
}

}  // namespace
}  // namespace vapisync::sandbox
