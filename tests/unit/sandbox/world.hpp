#pragma once
// A stand-in on a clock that the test moves by hand, and short ways to talk to it.
#include <gtest/gtest.h>

#include "sandbox/admin.hpp"
#include "sandbox/service.hpp"

namespace vapisync::sandbox {

inline Request make_request(std::string method, std::string path, std::string body = {},
                            std::string_view key = "key-a") {
  Request request;
  request.method = std::move(method);
  const size_t question = path.find('?');
  request.path = path.substr(0, question);
  if (question != std::string::npos) request.query = path.substr(question + 1);
  request.body = std::move(body);
  request.authorization = "Bearer " + std::string(key);
  request.user_agent = "test";
  request.content_type = "application/json";
  return request;
}

inline json::Document parsed(std::string_view text) {
  auto document = json::parse(text);
  EXPECT_TRUE(document) << text;
  return document ? std::move(*document) : json::Document();
}

/// The strings of a list, joined by " | ".
inline std::string joined(const json::Value* list) {
  std::string text;
  if (list == nullptr || !list->IsArray()) return "not a list";
  for (const auto& item : list->GetArray()) {
    text += (text.empty() ? "" : " | ") + std::string(json::text(item));
  }
  return text;
}

struct World {
  explicit World(uint64_t seed = 1) : service(seed) {}

  Outcome send(Request request) { return service.handle(std::move(request), now); }
  Reply call(std::string method, std::string path, std::string body = {},
             std::string_view key = "key-a") {
    return send(make_request(std::move(method), std::move(path), std::move(body), key)).reply;
  }
  /// Creates an assistant; answers its id.
  std::string create(std::string body = "{}", std::string_view key = "key-a") {
    const Reply reply = call("POST", "/assistant", std::move(body), key);
    EXPECT_EQ(reply.status, 201) << reply.body;
    return std::string(json::text_or(parsed(reply.body), "id", ""));
  }
  json::Document read(const std::string& id) {
    return parsed(call("GET", "/assistant/" + id).body);
  }
  size_t list_size(std::string query = {}) {
    const auto list = parsed(call("GET", "/assistant" + query).body);
    return list.IsArray() ? list.Size() : 0;
  }
  void set_faults(std::string_view text) {
    const auto done = service.set_faults(text, now);
    ASSERT_TRUE(done) << done.error().message;
  }
  void pass(milliseconds time) { now += time; }
  const JournalEntry& last_entry() { return service.journal().entries().back(); }

  Service service;
  Instant now{std::chrono::sys_days(std::chrono::year(2026) / 8 / 20)};
};

}  // namespace vapisync::sandbox
