// Bad input: the error names the field by its path, and nothing at all is written.
#include <gtest/gtest.h>

#include "support/database.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

struct Case {
  const char* name;
  std::string statement;
  const char* error;
};

void PrintTo(const Case& bad, std::ostream* out) {
  *out << bad.name;
}

std::string agents(const std::string& json) {
  return save_agents("org", "request", json);
}
std::string changes(const std::string& json) {
  return save("org", "request", json);
}
std::string inbound(const std::string& json) {
  return agents(R"({"outbound": {"name": "Good"}, "inbound": )" + json + "}");
}
std::string put(const std::string& json) {
  return "SELECT vapisync.put_resource('org', 'assistant', 'inbound', $json$" + json +
         "$json$, 'request')";
}

const std::vector<Case> cases{
    {"NameTooLong", inbound(R"({"name": ")" + std::string(57, 'x') + "\"}"),
     "agents.inbound.name: must be 1 to 40 characters, got 57"},
    {"NameEmpty", inbound(R"({"name": ""})"),
     "agents.inbound.name: must be 1 to 40 characters, got 0"},
    {"NameOfWrongType", inbound(R"({"name": 7})"),
     "agents.inbound.name: must be a string, got number"},
    {"NullInANamedField", inbound(R"({"firstMessage": null})"),
     "agents.inbound.firstMessage: must not be null"},
    {"DurationTooShort", inbound(R"({"maxDurationSeconds": 9})"),
     "agents.inbound.maxDurationSeconds: must be a whole number from 10 to 43200, got 9"},
    {"DurationTooLong", inbound(R"({"maxDurationSeconds": 43201})"),
     "agents.inbound.maxDurationSeconds: must be a whole number from 10 to 43200, got 43201"},
    {"DurationAsText", inbound(R"({"maxDurationSeconds": "60"})"),
     "agents.inbound.maxDurationSeconds: must be a number, got string"},
    {"VoiceWithoutProvider", inbound(R"({"voice": ":x"})"),
     "agents.inbound.voice: must be a voice, or provider:voice"},
    {"VoiceWithoutId", inbound(R"({"voice": "11labs:"})"),
     "agents.inbound.voice: must be a voice, or provider:voice"},
    {"VoiceAsNumber", inbound(R"({"voice": 1})"),
     "agents.inbound.voice: must be a string or an object, got number"},
    {"LanguageEmpty", inbound(R"({"language": ""})"),
     "agents.inbound.language: must be 1 to 35 characters, got 0"},
    {"UnknownField", inbound(R"({"prompt": "x"})"),
     "agents.inbound.prompt: is not a known property"},
    {"UnknownAgent", agents(R"({"sideways": {}})"), "agents.sideways: is not a known property"},
    {"AgentIsNoObject", inbound("[]"), "agents.inbound: must be an object, got array"},
    {"NoAgents", agents("{}"), "agents: is empty"},
    {"AgentsIsNoObject", agents("[]"), "agents: must be an object, got array"},
    {"NameTwice", inbound(R"({"name": "a", "vapi": {"name": "b"}})"),
     "agents.inbound.name: is also given as agents.inbound.vapi.name"},
    {"NameTwiceWithNull", inbound(R"({"name": "a", "vapi": {"name": null}})"),
     "agents.inbound.name: is also given as agents.inbound.vapi.name"},
    {"PromptTwice", inbound(R"({"systemPrompt": "a", "vapi": {"model": {"messages": []}}})"),
     "agents.inbound.systemPrompt: is also given as agents.inbound.vapi.model.messages"},
    {"FirstMessageTwice", inbound(R"({"firstMessage": "a", "vapi": {"firstMessage": "b"}})"),
     "agents.inbound.firstMessage: is also given as agents.inbound.vapi.firstMessage"},
    {"VoiceTwice", inbound(R"({"voice": "a", "vapi": {"voice": {"speed": 1}}})"),
     "agents.inbound.voice: is also given as agents.inbound.vapi.voice"},
    {"LanguageTwice", inbound(R"({"language": "de", "vapi": {"transcriber": {"language": "fr"}}})"),
     "agents.inbound.language: is also given as agents.inbound.vapi.transcriber.language"},
    {"DurationTwice", inbound(R"({"maxDurationSeconds": 60, "vapi": {"maxDurationSeconds": 70}})"),
     "agents.inbound.maxDurationSeconds: is also given as agents.inbound.vapi.maxDurationSeconds"},
    {"ServerField", inbound(R"({"vapi": {"orgId": "x"}})"),
     "agents.inbound.vapi.orgId: is set by Vapi and cannot be saved"},
    {"OurMarker", inbound(R"({"vapi": {"metadata": {"vapisync": {}}}})"),
     "agents.inbound.vapi.metadata.vapisync: is how vapisync finds its own objects"},
    {"MetadataIsNoObject", inbound(R"({"vapi": {"metadata": 1}})"),
     "agents.inbound.vapi.metadata: must be an object, got number"},
    {"Dangling", inbound(R"({"vapi": {"model": {"toolIds": ["a", {"$ref": "tool/kb"}]}}})"),
     "agents.inbound.vapi.model.toolIds[1]: refers to tool/kb, which does not exist"},
    {"ReservedKeyInVoice", inbound(R"({"voice": {"provider": {"$secret": "x"}}})"),
     "agents.inbound.voice.provider.$secret: keys that begin with $ are reserved"},
    {"NoChanges", changes("[]"), "changes: is empty"},
    {"ChangesIsNoArray", changes("{}"), "changes: must be an array, got object"},
    {"ChangeIsNoObject", changes("[1]"), "changes[0]: must be an object, got number"},
    {"UnknownProperty",
     changes(R"([{"kind": "assistant", "key": "inbound", "ask": {}, "foo": 1}])"),
     "changes[0].foo: is not a known property"},
    {"NoKind", changes(R"([{"key": "inbound", "ask": {}}])"), "changes[0].kind: is missing"},
    {"UnknownKind", changes(R"([{"kind": "squad", "key": "inbound", "payload": {}}])"),
     "changes[0].kind: is not a kind that can be saved"},
    {"UnknownKey", changes(R"([{"kind": "assistant", "key": "x", "payload": {}}])"),
     "changes[0].key: is not the key of an assistant"},
    {"UnknownOp", changes(R"([{"kind": "assistant", "key": "inbound", "op": "drop"}])"),
     "changes[0].op: must be upsert or delete"},
    {"NeitherAskNorPayload", changes(R"([{"kind": "assistant", "key": "inbound"}])"),
     "changes[0].payload: is missing"},
    {"AskAndPayload",
     changes(R"([{"kind": "assistant", "key": "inbound", "ask": {}, "payload": {}}])"),
     "changes[0].ask: cannot be given together with a payload"},
    {"DeleteWithPayload",
     changes(R"([{"kind": "assistant", "key": "inbound", "op": "delete", "payload": {}}])"),
     "changes[0].payload: has no place in a delete"},
    {"ResourceTwice", changes(R"([{"kind": "assistant", "key": "inbound", "ask": {}},
                                  {"kind": "assistant", "key": "inbound", "ask": {}}])"),
     "changes[1]: assistant/inbound is in changes[0] already"},
    {"SecondChangeIsBad", changes(R"([{"kind": "assistant", "key": "inbound", "ask": {}},
                                      {"kind": "assistant", "key": "outbound", "ask": {"name": ""}}])"),
     "changes[1].ask.name: must be 1 to 40 characters, got 0"},
    {"DeleteOfNothing", changes(R"([{"kind": "assistant", "key": "outbound", "ask": {}},
                                    {"kind": "assistant", "key": "inbound", "op": "delete"}])"),
     "changes[1].key: there is no assistant 'inbound' to delete"},
    {"PayloadIsNull", put("null"), "payload: must be an object, got null"},
    {"PayloadWithServerField", put(R"({"id": "x"})"), "payload.id: is set by Vapi"},
    {"PayloadWithNullMetadata", put(R"({"metadata": null})"), "payload.metadata: must not be null"},
    {"PayloadTooDeep", put(R"({"a":)" + std::string(70, '[') + std::string(70, ']') + "}"),
     "payload: is nested deeper than 60 levels"},
    {"RequestIdEmpty", save_agents("org", "", R"({"inbound": {}})"),
     "request_id: must be 1 to 200 characters, got 0"},
    {"OrgTooLong", save_agents(std::string(201, 'o'), "request", R"({"inbound": {}})"),
     "org_id: must be 1 to 200 characters, got 201"},
    {"OnReject", "SELECT vapisync.save_agents('org', 'request', '{\"inbound\": {}}', 'ignore')",
     "on_reject: must be rollback or hold"},
};

class BadField : public testing::TestWithParam<Case> {
 protected:
  static TestDatabase& database() {
    static TestDatabase one;
    return one;
  }
};

TEST_P(BadField, IsNamedAndNothingIsWritten) {
  auto connection = database().connect("app_writer");
  const auto answer = refusal(connection, GetParam().statement);
  EXPECT_EQ(answer.sqlstate, invalid_parameter);
  EXPECT_NE(answer.message.find(GetParam().error), std::string::npos) << answer.message;
  EXPECT_NE(answer.message.find("HINT:"), std::string::npos) << answer.message;
  auto admin = database().connect();
  EXPECT_EQ(value(admin,
                  "SELECT (SELECT count(*) FROM vapisync.orgs)"
                  " + (SELECT count(*) FROM vapisync.saves)"
                  " + (SELECT count(*) FROM vapisync.resources)"
                  " + (SELECT count(*) FROM vapisync.outbox)"
                  " + (SELECT count(*) FROM vapisync.work)"),
            "0");
}

INSTANTIATE_TEST_SUITE_P(Save, BadField, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(BadInput, NulCharacterIsRefused) {
  const TestDatabase database;
  auto connection = database.connect("app_writer");
  const auto answer = refusal(connection, agents(R"({"inbound": {"firstMessage": "a\u0000b"}})"));
  EXPECT_EQ(answer.sqlstate, "22P05");
}

}  // namespace
}  // namespace vapisync::test
