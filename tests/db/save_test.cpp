// What a save writes: versions, documents, work and the answer.
#include <gtest/gtest.h>

#include "support/database.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

class Save : public testing::Test {
 protected:
  std::string payload(const std::string& path, const std::string& role = "inbound") {
    return value(admin_,
                 "SELECT o.payload::jsonb #>> '{" + path +
                     "}' FROM vapisync.outbox o JOIN vapisync.resources r USING (resource_id)"
                     " WHERE r.key = '" +
                     role + "' AND o.version = r.desired_version");
  }
  std::string resource(const std::string& column, const std::string& role = "inbound") {
    return value(admin_,
                 "SELECT " + column + " FROM vapisync.resources r WHERE key = '" + role + "'");
  }
  std::string work(const std::string& column) {
    return value(admin_, "SELECT " + column +
                             " FROM vapisync.work JOIN vapisync.resources r "
                             "USING (resource_id) WHERE r.key = 'inbound'");
  }
  void save_inbound(const std::string& request, const std::string& ask) {
    value(writer_, save_agents("org", request, "{\"inbound\": " + ask + "}"));
  }
  /// As if the daemon had confirmed the newest version.
  void converge() {
    value(admin_,
          "UPDATE vapisync.resources SET live_version = desired_version,"
          " settled_version = desired_version, remote_id = 'vapi-1', account_id = 'a'"
          " WHERE key = 'inbound'");
    value(admin_, "DELETE FROM vapisync.work");
  }

  TestDatabase database_;
  pqxx::connection admin_{database_.url()};
  pqxx::connection writer_{database_.url("app_writer")};
};

TEST_F(Save, NewAgentStartsFromTheDefaultOfItsRole) {
  value(writer_, save_agents("org", "r", R"({"inbound": {}, "outbound": {"name": "Olga"}})"));
  EXPECT_EQ(payload(""),
            value(admin_, "SELECT document FROM vapisync.agent_defaults WHERE role = 'inbound'"));
  EXPECT_EQ(payload("name", "outbound"), "Olga");
  EXPECT_EQ(payload("voice,voiceId", "outbound"), "Elliot");
}

TEST_F(Save, NamedFieldsGoWhereVapiHasThem) {
  save_inbound(
      "r", R"({"name": "Anna", "systemPrompt": "Be kind.", "firstMessage": "Hi", "voice": "Kylie",
                        "language": "de", "maxDurationSeconds": 120})");
  EXPECT_EQ(payload("name"), "Anna");
  EXPECT_EQ(payload("model,messages"), R"([{"role": "system", "content": "Be kind."}])");
  EXPECT_EQ(payload("model,provider"), "openai");
  EXPECT_EQ(payload("firstMessage"), "Hi");
  EXPECT_EQ(payload("voice"), R"({"voiceId": "Kylie", "provider": "vapi"})");
  EXPECT_EQ(payload("transcriber"),
            R"({"model": "nova-2", "language": "de", "provider": "deepgram"})");
  EXPECT_EQ(payload("maxDurationSeconds"), "120");
}

TEST_F(Save, VoiceMayNameItsProviderOrBeAnObject) {
  save_inbound("1", R"({"voice": "11labs:a:b"})");
  EXPECT_EQ(payload("voice"), R"({"voiceId": "a:b", "provider": "11labs"})");
  save_inbound("2", R"({"voice": {"provider": "azure", "voiceId": "x", "speed": 2}})");
  EXPECT_EQ(payload("voice"), R"({"speed": 2, "voiceId": "x", "provider": "azure"})");
}

TEST_F(Save, VapiFieldsAreMergedBeforeTheNamedOnes) {
  save_inbound(
      "1",
      R"({"name": "Anna", "vapi": {"endCallMessage": "Bye", "metadata": {"a": {"b": 1, "c": 2}},
                        "model": {"temperature": 0.5}}})");
  save_inbound(
      "2",
      R"({"firstMessage": "Hi", "vapi": {"endCallMessage": null, "metadata": {"a": {"b": null}}}})");
  EXPECT_EQ(payload("endCallMessage"), "null");
  EXPECT_EQ(payload("metadata"), R"({"a": {"c": 2}})");
  EXPECT_EQ(payload("model,temperature"), "0.5");
  EXPECT_EQ(payload("name"), "Anna");
}

TEST_F(Save, SystemPromptReplacesTheFirstSystemMessageOnly) {
  value(writer_,
        R"(SELECT vapisync.put_resource('org', 'assistant', 'inbound', '{"model": {"model": "m",
    "messages": [{"role": "user", "content": "u"}, {"role": "system", "content": "old", "x": 1},
                 {"role": "system", "content": "second"}]}}', 'put'))");
  save_inbound("ask", R"({"systemPrompt": "new"})");
  EXPECT_EQ(payload("model"), R"({"model": "m", "messages": [{"role": "user", "content": "u"}, )"
                              R"({"x": 1, "role": "system", "content": "new"}, )"
                              R"({"role": "system", "content": "second"}]})");
}

TEST_F(Save, SystemPromptIsPutInFrontWhenThereIsNone) {
  value(writer_, R"(SELECT vapisync.put_resource('org', 'assistant', 'inbound',
    '{"model": {"model": "m", "messages": [{"role": "user", "content": "u"}]}}', 'put'))");
  save_inbound("ask", R"({"systemPrompt": "new"})");
  EXPECT_EQ(payload("model,messages,0"), R"({"role": "system", "content": "new"})");
  EXPECT_EQ(payload("model,messages,1,content"), "u");
}

TEST_F(Save, WholeDocumentReplacesAndIsItsOwnAsk) {
  save_inbound("1", R"({"name": "Anna"})");
  value(writer_,
        R"(SELECT vapisync.put_resource('org', 'assistant', 'inbound', '{"name": "Whole"}', '2'))");
  EXPECT_EQ(payload(""), R"({"name": "Whole"})");
  EXPECT_EQ(value(admin_, "SELECT ask FROM vapisync.outbox WHERE version = 2"), "null");
  EXPECT_EQ(value(admin_, "SELECT ask FROM vapisync.outbox WHERE version = 1"),
            R"({"name": "Anna"})");
}

TEST_F(Save, DeletedAgentStartsFromTheDefaultAgain) {
  save_inbound("1", R"({"name": "Anna"})");
  value(writer_, "SELECT vapisync.delete_resource('org', 'assistant', 'inbound', '2')");
  EXPECT_EQ(value(admin_, "SELECT op FROM vapisync.outbox WHERE version = 2"), "delete");
  value(writer_, "SELECT vapisync.delete_resource('org', 'assistant', 'inbound', 'again')");
  save_inbound("3", R"({"firstMessage": "Hi"})");
  EXPECT_EQ(payload("name"), "Inbound agent");
  EXPECT_EQ(resource("desired_version"), "4");
}

// A request that is repeated after an upgrade must still be known: it is hashed as jsonb prints all
// of it.
TEST_F(Save, ContentIsHashedAsTheFirstReleaseDid) {
  const std::string put =
      R"({"kind": "tool", "key": "a \"q\" \\ é", "payload": {"n": 1.50, "t": "\n"}})";
  const std::string ask = R"({"kind": "assistant", "key": "inbound", "ask": {"name": "Anna"}})";
  const std::string removed = R"({"kind": "tool", "key": "a \"q\" \\ é", "op": "delete"})";
  const auto hashed = [&](const std::string& request, const std::string& changes) {
    value(writer_, save("org", request, "[" + changes + "]"));
    return value(admin_,
                 "SELECT s.content_hash = sha256(convert_to(jsonb_build_array('rollback', "
                 "h.hashed)::text, 'UTF8'))"
                 " FROM vapisync.saves s, (SELECT jsonb_agg('{\"op\": \"upsert\"}' || c ORDER BY c "
                 "->> 'kind')"
                 " AS hashed FROM jsonb_array_elements($j$[" +
                     changes +
                     "]$j$) c) h"
                     " WHERE s.request_id = '" +
                     request + "'");
  };
  EXPECT_EQ(hashed("one", put), "t");
  EXPECT_EQ(hashed("both", put + "," + ask), "t");
  EXPECT_EQ(hashed("removed", removed), "t");
}

TEST_F(Save, SaveAndItsEntriesAreOneTransaction) {
  {
    pqxx::work tx(writer_);
    tx.exec(save_agents("org", "r", R"({"inbound": {}, "outbound": {}})"));
  }
  EXPECT_EQ(value(admin_, "SELECT count(*) FROM vapisync.orgs"), "0");
  value(writer_, save_agents("org", "r", R"({"inbound": {}, "outbound": {}})"));
  EXPECT_EQ(value(admin_,
                  "SELECT open_count || state || worst || on_reject || actor FROM vapisync.saves"),
            "2pending0rollbackapp_writer");
  EXPECT_EQ(value(admin_, "SELECT count(*) FROM vapisync.outbox"), "2");
  EXPECT_EQ(value(admin_, "SELECT count(*) FROM vapisync.work WHERE due_at <= clock_timestamp()"),
            "2");
}

TEST_F(Save, SameRequestAgainAnswersTheSameAndWritesNothing) {
  const auto statement =
      save_agents("org", "r", R"({"inbound": {"name": "A", "voice": "x"}, "outbound": {}})");
  const auto first = value(writer_, statement);
  save_inbound("other", "{}");
  EXPECT_EQ(value(writer_, statement), first);
  EXPECT_EQ(
      value(writer_,
            save_agents("org", "r", R"({"outbound": {}, "inbound": {"voice": "x", "name": "A"}})")),
      first);
  EXPECT_EQ(value(admin_, "SELECT count(*) FROM vapisync.outbox"), "3");
  EXPECT_EQ(value(admin_, "SELECT count(*) FROM vapisync.saves"), "2");
}

TEST_F(Save, SameRequestWithOtherContentIsAnError) {
  save_inbound("r", R"({"name": "A"})");
  EXPECT_EQ(refusal(writer_, save_agents("org", "r", R"({"inbound": {"name": "B"}})")).sqlstate,
            other_content);
  EXPECT_EQ(
      refusal(writer_,
              "SELECT vapisync.save_agents('org', 'r', '{\"inbound\": {\"name\": \"A\"}}', 'hold')")
          .sqlstate,
      other_content);
  EXPECT_EQ(resource("desired_version"), "1");
}

TEST_F(Save, SameRequestOfAnotherOrgIsAnotherSave) {
  value(writer_, save_agents("a", "r", R"({"inbound": {}})"));
  value(writer_, save_agents("b", "r", R"({"inbound": {"name": "B"}})"));
  EXPECT_EQ(value(admin_, "SELECT count(DISTINCT save_id) FROM vapisync.saves"), "2");
}

TEST_F(Save, ConvergedResourceBecomesDue) {
  save_inbound("1", "{}");
  converge();
  save_inbound("2", "{}");
  EXPECT_EQ(resource("generation"), "2");
  EXPECT_EQ(work("due_at <= clock_timestamp() AND leased_until = '-infinity'"), "t");
}

TEST_F(Save, BlockedResourceBecomesDue) {
  save_inbound("1", "{}");
  converge();
  value(admin_, "UPDATE vapisync.resources SET last_error = '{}', live_version = 0");
  save_inbound("2", "{}");
  EXPECT_EQ(resource("last_error IS NULL"), "t");
  EXPECT_EQ(work("due_at <= clock_timestamp()"), "t");
}

TEST_F(Save, WaitingResourceBecomesDueWithFreshAttempts) {
  save_inbound("1", "{}");
  value(admin_, "UPDATE vapisync.work SET due_at = now() + interval '1 hour', attempts = 7");
  save_inbound("2", "{}");
  EXPECT_EQ(work("due_at <= clock_timestamp() AND attempts = 0"), "t");
}

TEST_F(Save, ClaimedResourceKeepsItsWorkRow) {
  save_inbound("1", "{}");
  value(admin_,
        "UPDATE vapisync.work SET leased_until = now() + interval '1 hour', token = 5,"
        " due_at = now() - interval '1 hour', attempts = 7");
  save_inbound("2", "{}");
  EXPECT_EQ(work("token = 5 AND attempts = 7 AND leased_until > now() AND due_at < now() - "
                 "interval '50 min'"),
            "t");
  EXPECT_EQ(resource("generation"), "2");
}

TEST_F(Save, OpenCreateKeepsItsWorkRow) {
  save_inbound("1", "{}");
  value(admin_,
        "UPDATE vapisync.work SET due_at = now() + interval '1 hour', open_until = now(), attempts "
        "= 3");
  save_inbound("2", "{}");
  EXPECT_EQ(work("due_at > now() + interval '50 min' AND attempts = 3 AND open_until IS NOT NULL"),
            "t");
  EXPECT_EQ(resource("generation"), "2");
}

TEST_F(Save, OpenUpdateBecomesDueAndStaysOpen) {
  save_inbound("1", "{}");
  value(admin_, "UPDATE vapisync.resources SET remote_id = 'vapi-1', account_id = 'a'");
  value(admin_, "UPDATE vapisync.work SET due_at = now() + interval '1 hour', open_until = now()");
  save_inbound("2", "{}");
  EXPECT_EQ(work("due_at <= clock_timestamp() AND open_until IS NOT NULL"), "t");
}

TEST_F(Save, HoldIsStored) {
  value(writer_, "SELECT vapisync.save_agents('org', 'r', '{\"inbound\": {}}', 'hold')");
  EXPECT_EQ(value(admin_, "SELECT on_reject FROM vapisync.saves"), "hold");
}

TEST_F(Save, AnswerNamesItsEntries) {
  EXPECT_EQ(value(writer_,
                  "SELECT vapisync.save_agents('org', 'r', '{\"outbound\": {}, \"inbound\": {}}')"
                  " -> 'entries' -> 1 ->> 'key'"),
            "outbound");
  EXPECT_EQ(
      value(
          admin_,
          "SELECT count(*) FROM vapisync.entries e, jsonb_array_elements("
          "vapisync.save_agents('org', 'r', '{\"outbound\": {}, \"inbound\": {}}') -> 'entries') a"
          " WHERE a ->> 'entryId' = e.entry_id AND e.state = 'pending'"),
      "2");
}

TEST(SaveSize, ADocumentThatNobodyCouldHoldInMemoryIsRefusedAndNothingIsWritten) {
  TestDatabase database;
  auto app = database.connect("app_writer");
  const std::string prompt(9'000'000, 'x');
  const auto refused =
      refusal(app, save_agents("acme", "r1", R"({"inbound":{"systemPrompt":")" + prompt + "\"}}"));
  EXPECT_EQ(refused.sqlstate, invalid_parameter);
  EXPECT_NE(refused.message.find("assistant.inbound"), std::string::npos) << refused.message;
  auto admin = database.connect();
  EXPECT_EQ(value(admin, "SELECT count(*) FROM vapisync.saves"), "0");
}

}  // namespace
}  // namespace vapisync::test
