// What the strict body check lets through and how it complains.
#include "sandbox/validate.hpp"

#include "unit/sandbox/world.hpp"

namespace vapisync::sandbox {
namespace {

std::string complaints(std::string_view body) {
  std::string text;
  for (const auto& complaint : validate(schema::assistant, parsed(body))) {
    text += (text.empty() ? "" : " | ") + complaint;
  }
  return text;
}

TEST(SandboxValidate, ARichAssistantIsFine) {
  EXPECT_EQ(complaints(R"({
    "name": "Inbound", "firstMessage": "Hello", "firstMessageMode": "assistant-speaks-first",
    "model": {"provider": "openai", "model": "gpt-4o", "temperature": 0.5, "maxTokens": 250,
              "messages": [{"role": "system", "content": "Be kind."}], "toolIds": ["a"],
              "tools": [{"type": "endCall"}, {"type": "query", "function": {"name": "kb"},
                "knowledgeBases": [{"provider": "google", "name": "n", "description": "d",
                                    "fileIds": ["f"]}]}]},
    "voice": {"provider": "11labs", "voiceId": "burt", "stability": 0.5, "speed": 1.2},
    "transcriber": {"provider": "deepgram", "model": "nova-3", "language": "en"},
    "maxDurationSeconds": 600, "endCallPhrases": ["bye"], "backgroundSound": "off",
    "voicemailDetection": {"provider": "vapi", "backoffPlan": {"maxRetries": 3}},
    "metadata": {"anything": [{"goes": null}]}, "hooks": "whatever",
    "startSpeakingPlan": {"waitSeconds": 0.4, "smartEndpointingPlan": {"provider": "livekit"}},
    "stopSpeakingPlan": {"numWords": 2, "voiceSeconds": 0.2, "backoffSeconds": 1},
    "server": {"url": "https://example.com", "timeoutSeconds": 20, "headers": {"a": "b"}},
    "serverMessages": ["end-of-call-report", "transcript[transcriptType=\"final\"]"]})"),
            "");
}

TEST(SandboxValidate, UndocumentedFieldsThatWorkAreAccepted) {
  EXPECT_EQ(complaints(R"({"silenceTimeoutSeconds": 10, "serverUrl": "https://x",
    "serverUrlSecret": "s", "server": {"secret": "s"},
    "model": {"provider": "vapi", "systemPrompt": "p"}})"),
            "");
  EXPECT_EQ(complaints(R"({"silenceTimeoutSeconds": 9})"),
            "silenceTimeoutSeconds must not be less than 10");
}

TEST(SandboxValidate, ComplainsInVapisWords) {
  struct Case {
    const char* body;
    const char* complaint;
  };
  const Case cases[] = {
      {R"({"nmae":"x"})", "property nmae should not exist"},
      {R"({"name":5})", "name must be a string"},
      {R"({"name":"12345678901234567890123456789012345678901"})",
       "name must be shorter than or equal to 40 characters"},
      {R"({"firstMessageMode":"shouts"})",
       "firstMessageMode must be one of the following values: assistant-speaks-first, "
       "assistant-speaks-first-with-model-generated-message, assistant-waits-for-user"},
      {R"({"maxDurationSeconds":9})", "maxDurationSeconds must not be less than 10"},
      {R"({"maxDurationSeconds":43201})", "maxDurationSeconds must not be greater than 43200"},
      {R"({"maxDurationSeconds":"600"})",
       "maxDurationSeconds must be a number conforming to the specified constraints"},
      {R"({"stopSpeakingPlan":{"voiceSeconds":0.6}})",
       "stopSpeakingPlan.voiceSeconds must not be greater than 0.5"},
      {R"({"firstMessageInterruptionsEnabled":1})",
       "firstMessageInterruptionsEnabled must be a boolean value"},
      {R"({"metadata":"x"})", "metadata must be an object"},
      {R"({"endCallPhrases":"bye"})", "endCallPhrases must be an array"},
      {R"({"endCallPhrases":["bye",5]})", "each value in endCallPhrases must be a string"},
      {R"({"endCallPhrases":["b"]})",
       "each value in endCallPhrases must be longer than or equal to 2 characters"},
      {R"({"model":"gpt"})", "nested property model must be either object or array"},
      {R"({"model":{"provider":"openai"}})", "model.model must be a string"},
      {R"({"model":{"provider":"custom-llm","model":"m"}})", "model.url must be a string"},
      {R"({"model":{"provider":"openai","model":"m","temperature":2.1}})",
       "model.temperature must not be greater than 2"},
      {R"({"model":{"provider":"openai","model":"m","maxTokens":49}})",
       "model.maxTokens must not be less than 50"},
      {R"({"model":{"provider":"openai","model":"m","messages":{}}})",
       "model.messages must be an array"},
      {R"({"model":{"provider":"openai","model":"m","messages":[{"role":"system"}]}})",
       "model.messages.0.content must be a string"},
      {R"({"model":{"provider":"openai","model":"m","messages":[{"role":"user","content":null,"x":1}]}})",
       "model.messages.0.property x should not exist"},
      {R"({"model":{"provider":"openai","model":"m","tools":[{"type":"query","server":{}}]}})",
       "model.tools.0.property server should not exist"},
      {R"({"voice":{"provider":"cartesia","voiceId":"v","speed":1}})",
       "voice.property speed should not exist"},
      {R"({"voice":{"provider":"vapi","voiceId":"Elliot","enableSsmlParsing":true}})",
       "voice.property enableSsmlParsing should not exist"},
      {R"({"voice":{"provider":"11labs"}})", "voice.voiceId must be a string"},
      {R"({"voice":{"provider":"11labs","voiceId":"v","speed":0.6}})",
       "voice.speed must not be less than 0.7"},
      {R"({"transcriber":{"provider":"deepgram","language":"klingon","foo":1}})",
       "transcriber.property foo should not exist | transcriber.language must be one of the "
       "following values: ar, az, "},
      {R"({"server":{"timeoutSeconds":301}})",
       "server.timeoutSeconds must not be greater than 300"},
  };
  for (const auto& c : cases) {
    EXPECT_TRUE(complaints(c.body).starts_with(c.complaint)) << c.body << '\n'
                                                             << complaints(c.body);
  }
}

TEST(SandboxValidate, VapiVoicesAreCaseSensitive) {
  EXPECT_EQ(complaints(R"({"voice":{"provider":"vapi","voiceId":"Elliot"}})"), "");
  EXPECT_TRUE(complaints(R"({"voice":{"provider":"vapi","voiceId":"elliot"}})")
                  .starts_with("voice.voiceId must be one of the following values: Clara, "));
}

TEST(SandboxValidate, AnUnknownProviderNamesTheKnownOnes) {
  EXPECT_EQ(complaints(R"({"model":{"provider":"opnai","model":"m"}})"),
            "model.provider must be one of the following values: anthropic, anthropic-bedrock, "
            "anyscale, cerebras, custom-llm, deepinfra, deep-seek, google, groq, inflection-ai, "
            "minimax, openai, openrouter, perplexity-ai, together-ai, xai, vapi");
  EXPECT_TRUE(complaints(R"({"voice":{"voiceId":"x"}})").starts_with("voice.provider must be one"));
}

TEST(SandboxValidate, LengthIsCountedInCharactersNotBytes) {
  const std::string forty_umlauts = [] {
    std::string text;
    for (int i = 0; i < 40; ++i) text += "ü";
    return text;
  }();
  EXPECT_EQ(complaints(R"({"name":")" + forty_umlauts + R"("})"), "");
  EXPECT_NE(complaints(R"({"name":")" + forty_umlauts + R"(!"})"), "");
}

TEST(SandboxValidate, NullCountsAsAbsent) {
  EXPECT_EQ(complaints(R"({"name":null,"model":null,"hooks":null,"endCallPhrases":null})"), "");
  EXPECT_EQ(complaints(R"({"voice":{"provider":"11labs","voiceId":null}})"),
            "voice.voiceId must be a string");
}

TEST(SandboxValidate, ComplaintsAreBounded) {
  std::string body = "{";
  for (int i = 0; i < 500; ++i) body += (i > 0 ? ",\"p" : "\"p") + std::to_string(i) + "\":1";
  EXPECT_EQ(validate(schema::assistant, parsed(body + "}")).size(), complaints_max);
}

}  // namespace
}  // namespace vapisync::sandbox
