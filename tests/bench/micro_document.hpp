#pragma once
// The document that the bench saves: a whole assistant of 1.5 kB.
#include <string>

#include "base/json.hpp"

namespace vapisync::bench {

inline std::string document_text() {
  std::string prompt = "You are the front desk of company 1. ";
  for (int i = 0; i < 26; ++i) prompt += "Be friendly, brief and exact. ";
  return R"({"name":"Agent 1","firstMessage":"Hello, this is edit 1 of agent 1. How can I help you?",)"
         R"("firstMessageMode":"assistant-speaks-first","maxDurationSeconds":301,)"
         R"("silenceTimeoutSeconds":30,"backgroundSound":"off",)"
         R"("endCallMessage":"Thank you for your call. Good bye.","model":{"provider":"openai",)"
         R"("model":"gpt-4o","temperature":0.3,"maxTokens":250,"messages":[{"role":"system",)"
         R"("content":")" +
         prompt +
         R"("}]},"voice":{"provider":"vapi","voiceId":"Elliot"},"transcriber":)"
         R"({"provider":"deepgram","model":"nova-2","language":"en"}})";
}

inline json::Document document() {
  auto parsed = json::parse(document_text());
  return std::move(*parsed);
}

}  // namespace vapisync::bench
