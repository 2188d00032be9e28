// The record of requests and the routes by which people and tests look inside.
#include "sandbox/journal.hpp"

#include "sandbox/admin.hpp"
#include "unit/sandbox/world.hpp"

namespace vapisync::sandbox {
namespace {

Reply admin(World& world, std::string method, std::string path, std::string body = {}) {
  return answer_admin(world.service,
                      make_request(std::move(method), std::move(path), std::move(body)), world.now);
}

TEST(SandboxJournal, TellsWhatEachRequestDid) {
  World world;
  const std::string id = world.create(R"({"name":"A"})");
  world.call("PATCH", "/assistant/" + id, R"({"firstMessage":"x","name":"A"})");
  world.call("GET", "/assistant?limit=1");
  const auto journal = parsed(admin(world, "GET", "/_sandbox/journal").body);
  const auto& entries = *json::find(journal, "entries");
  ASSERT_EQ(entries.Size(), 3U);
  EXPECT_EQ(json::text_or(entries[0], "method", ""), "POST");
  EXPECT_EQ(json::text_or(entries[0], "object", ""), id);
  EXPECT_EQ(json::text_or(entries[1], "body", ""), R"({"firstMessage":"x","name":"A"})");
  EXPECT_EQ(json::text_or(entries[1], "bodySha256", "").size(), 64U);
  EXPECT_EQ(json::to_text(*json::find(entries[1], "changed")),
            R"({"op":"updated","kind":"assistant","id":")" + id +
                R"(","fields":["firstMessage"],"version":2})");
  EXPECT_EQ(json::text_or(entries[2], "path", ""), "/assistant?limit=1");
  EXPECT_TRUE(json::find(entries[2], "changed")->IsNull());
  EXPECT_EQ(json::find(entries[2], "status")->GetInt(), 200);
}

TEST(SandboxJournal, NeverHoldsABearerKey) {
  World world;
  world.call("POST", "/assistant", "{}", "super-secret-key");
  world.set_faults(R"([{"match":{"key":"super-secret-key"},"cut":{}}])");
  world.call("GET", "/assistant", {}, "super-secret-key");
  for (const char* path : {"journal", "state", "state?summary", "faults"}) {
    const Reply reply = admin(world, "GET", std::string("/_sandbox/") + path);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body.find("super-secret-key"), std::string::npos) << reply.body;
  }
}

TEST(SandboxJournal, SinceSkipsWhatWasSeen) {
  World world;
  for (int i = 0; i < 5; ++i) world.create();
  const auto journal = parsed(admin(world, "GET", "/_sandbox/journal?since=3").body);
  EXPECT_EQ(json::find(journal, "entries")->Size(), 2U);
  EXPECT_EQ(json::find(journal, "next")->GetUint64(), 6U);
  EXPECT_EQ(admin(world, "GET", "/_sandbox/journal?since=x").status, 400);
}

TEST(SandboxJournal, OldEntriesMakeRoomAndAreCounted) {
  JournalLimits limits;
  limits.entries_max = 3;
  Journal journal(limits);
  for (int i = 0; i < 5; ++i) journal.add({}, "");
  const auto shown = parsed(journal.to_json(0));
  EXPECT_EQ(json::find(shown, "first")->GetUint64(), 3U);
  EXPECT_EQ(json::find(shown, "next")->GetUint64(), 6U);
  EXPECT_EQ(json::find(shown, "dropped")->GetUint64(), 2U);
}

TEST(SandboxJournal, BytesAreBoundedToo) {
  JournalLimits limits;
  limits.bytes_max = 100'000;
  limits.body_bytes_max = 10'000;
  Journal journal(limits);
  for (int i = 0; i < 100; ++i) journal.add({}, std::string(20'000, 'x'));
  EXPECT_LT(journal.entries().size(), 11U);
  EXPECT_EQ(journal.entries().back().body.size(), 10'000U);
  EXPECT_EQ(journal.entries().back().body_bytes, 20'000U);
}

TEST(SandboxJournal, LongBodiesAreCutBetweenCharacters) {
  JournalLimits limits;
  limits.body_bytes_max = 3;
  Journal journal(limits);
  journal.add({}, "aü€");
  EXPECT_EQ(journal.entries().back().body, "aü");
}

TEST(SandboxJournal, StaysValidJsonWhateverBytesCome) {
  World world;
  world.call("POST", "/assistant/\xFF", "\xFE");
  world.call("GET", "/assistant/\xFF");
  const auto journal = parsed(admin(world, "GET", "/_sandbox/journal").body);
  EXPECT_EQ(json::find(journal, "entries")->Size(), 2U);
}

TEST(SandboxState, ShowsEveryAccountWithItsObjects) {
  World world;
  const std::string a = world.create(R"({"name":"A"})", "key-a");
  world.create("{}", "key-b");
  world.create("{}", "key-b");
  const auto state = parsed(admin(world, "GET", "/_sandbox/state").body);
  const auto& accounts = *json::find(state, "accounts");
  ASSERT_EQ(accounts.Size(), 2U);
  const auto& first = *json::find(accounts[0], "assistants");
  ASSERT_EQ(first.Size(), 1U);
  EXPECT_EQ(json::text_or(first[0], "id", ""), a);
  EXPECT_EQ(json::text_or(first[0], "orgId", "a"), json::text_or(accounts[0], "orgId", "b"));
  const auto summary = parsed(admin(world, "GET", "/_sandbox/state?summary").body);
  EXPECT_EQ(json::find(summary, "assistants")->GetInt(), 3);
  EXPECT_EQ(json::find(summary, "requests")->GetInt(), 3);
  EXPECT_EQ(json::find((*json::find(summary, "accounts"))[1], "assistants")->GetInt(), 2);
}

TEST(SandboxState, AnEmptyWorldIsValidJson) {
  World world;
  EXPECT_EQ(admin(world, "GET", "/_sandbox/state").body, R"({"accounts":[]})");
  EXPECT_EQ(admin(world, "GET", "/_sandbox/health").status, 200);
  EXPECT_EQ(admin(world, "GET", "/_sandbox/nothing").status, 404);
}

TEST(SandboxState, ALateCommitThatIsDueIsAlreadyVisible) {
  World world;
  world.set_faults(R"([{"late_commit":{"ms":10,"answer":"cut"}}])");
  world.call("POST", "/assistant", "{}");
  world.pass(milliseconds(10));
  const auto summary = parsed(admin(world, "GET", "/_sandbox/state?summary").body);
  EXPECT_EQ(json::find(summary, "assistants")->GetInt(), 1);
}

TEST(SandboxAdmin, AnObjectCanBeEditedBehindTheClientsBack) {
  World world;
  const std::string id = world.create(R"({"name":"A","firstMessage":"x"})");
  world.pass(milliseconds(7));
  EXPECT_EQ(admin(world, "POST", "/_sandbox/objects/assistant/" + id,
                  R"({"firstMessage":"drifted","surprise":true})")
                .status,
            200);
  const auto object = world.read(id);
  EXPECT_EQ(json::text_or(object, "firstMessage", ""), "drifted");
  EXPECT_TRUE(json::find(object, "surprise")->GetBool()) << "the dashboard is not validated";
  EXPECT_EQ(json::text_or(object, "updatedAt", ""), "2026-08-20T00:00:00.007Z");
  EXPECT_EQ(admin(world, "DELETE", "/_sandbox/objects/assistant/" + id).status, 200);
  EXPECT_EQ(world.last_entry().change.op, ChangeOp::deleted);
  EXPECT_EQ(world.call("GET", "/assistant/" + id).status, 404);
  EXPECT_EQ(admin(world, "DELETE", "/_sandbox/objects/assistant/" + id).status, 404);
  EXPECT_EQ(admin(world, "POST", "/_sandbox/objects/squad/" + id, "{}").status, 404);
}

TEST(SandboxAdmin, FaultsAreReplacedShownAndCleared) {
  World world;
  EXPECT_EQ(admin(world, "POST", "/_sandbox/faults", R"([{"answer":{"status":500}}])").status, 200);
  EXPECT_EQ(world.call("GET", "/assistant").status, 500);
  const auto plan = parsed(admin(world, "GET", "/_sandbox/faults").body);
  EXPECT_EQ(json::find((*json::find(plan, "faults"))[0], "hits")->GetInt(), 1);
  const Reply bad = admin(world, "POST", "/_sandbox/faults", R"([{"answr":{}}])");
  EXPECT_EQ(bad.status, 400);
  EXPECT_NE(bad.body.find("faults.0.answr is not known"), std::string::npos);
  EXPECT_EQ(admin(world, "DELETE", "/_sandbox/faults").body, R"({"faults":[]})");
  EXPECT_EQ(world.call("GET", "/assistant").status, 200);
}

}  // namespace
}  // namespace vapisync::sandbox
