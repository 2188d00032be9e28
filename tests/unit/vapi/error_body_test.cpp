// Error bodies as Vapi and the proxies in front of it send them.
#include "vapi/error_body.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace vapisync::vapi {
namespace {

const Secret key{"vapi-key-0123456789"};

/// Whatever came in, a row and a log line must be able to hold it.
void expect_storable(const ErrorBody& body) {
  EXPECT_FALSE(body.message.empty());
  EXPECT_LE(body.message.size(), 1'000U);
  EXPECT_EQ(body.message.find(key.reveal()), std::string::npos);
  json::Document text;
  text.SetString(body.message, text.GetAllocator());
  EXPECT_TRUE(json::parse(json::to_text(text))) << "not UTF-8: " << body.message;
  for (const char c : body.message) EXPECT_FALSE(c >= 0 && c < ' ') << body.message;
}

TEST(ErrorBody, AMessageMayBeAStringOrAList) {
  const auto text = read_error_body(R"({"message":"Invalid Key.","statusCode":401})", key);
  EXPECT_TRUE(text.json);
  EXPECT_EQ(text.message, "Invalid Key.");
  const auto list = read_error_body(R"({"message":["a is b",{"c":1},3]})", key);
  EXPECT_EQ(list.message, R"(a is b; {"c":1}; 3)");
}

TEST(ErrorBody, TheErrorWordStandsInForAMissingMessage) {
  EXPECT_EQ(read_error_body(R"({"error":"assistant_pinned"})", key).message, "assistant_pinned");
  EXPECT_EQ(read_error_body(R"({"error":"x","message":null})", key).message, "x");
}

TEST(ErrorBody, JsonWithoutAnyMessageIsShownAsItIs) {
  for (const auto* body : {"{}", R"({"message":""})", R"({"message":[]})", R"({"message":7})"}) {
    const auto read = read_error_body(body, key);
    EXPECT_TRUE(read.json) << body;
    EXPECT_EQ(read.message, body);
  }
}

TEST(ErrorBody, WhatIsNoJsonObjectIsNotVapis) {
  for (const auto* body : {"", "<html>502 Bad Gateway</html>", "error code: 1010", "[1]", "null",
                           "\"text\"", "{\"message\":\"cut of"}) {
    const auto read = read_error_body(body, key);
    EXPECT_FALSE(read.json) << body;
    expect_storable(read);
  }
  EXPECT_EQ(read_error_body("", key).message, "(empty answer)");
}

TEST(ErrorBody, HugeBodiesAreCut) {
  expect_storable(read_error_body(std::string(5'000'000, 'x'), key));
  expect_storable(read_error_body(R"({"message":")" + std::string(100'000, 'y') + "\"}", key));
  expect_storable(read_error_body(std::string(100'000, '['), key));
}

TEST(ErrorBody, TheKeyIsNeverKept) {
  const std::string secret = key.reveal();
  for (size_t before = 900; before < 1'030; ++before) {
    const auto read = read_error_body(std::string(before, 'x') + secret + "tail", key);
    EXPECT_EQ(read.message.find("vapi-"), std::string::npos) << "cut " << before;
  }
  std::string many;
  for (int i = 0; i < 200; ++i) many += secret + " ";
  const auto read = read_error_body(many, key);
  EXPECT_EQ(read.message.find("vapi-"), std::string::npos) << read.message;
  EXPECT_EQ(read_error_body(R"({"message":"key )" + secret + R"( is bad"})", key).message,
            "key [redacted] is bad");
}

TEST(ErrorBody, BytesThatAreNoTextDoNotReachARow) {
  using namespace std::string_literals;
  for (const auto& body :
       {"caf\xe9 is closed"s, "\xff\xfe\x00\x01"s, "a\0b"s, "\xf0\x9f\x98"s, "\xc0\xaf"s,
        "\xed\xa0\x80"s, "\xf5\x80\x80\x80"s, "\x1b[31mred\x07"s, "line\r\nline\tline"s,
        R"({"message":"nul \u0000 and \u001b"})"s, "{\"message\":\"\xff\"}"s}) {
    expect_storable(read_error_body(body, key));
  }
  EXPECT_EQ(read_error_body("caf\xe9 \xc3\xa9\r\n\xe2\x82\xac", key).message,
            "caf? \u00e9  \u20ac");
}

TEST(ErrorBody, TheFieldIsFoundInTheFirstMessage) {
  EXPECT_EQ(
      read_error_body(R"({"message":["model.maxTokens must not be less than 50","b is c"]})", key)
          .path,
      "model.maxTokens");
  EXPECT_EQ(read_error_body("<html>name must be</html>", key).path, "");
}

TEST(FieldPath, IsReadFromTheWordingsOfVapi) {
  EXPECT_EQ(field_path("name must be shorter than or equal to 40 characters"), "name");
  EXPECT_EQ(field_path("property customer should not exist"), "customer");
  EXPECT_EQ(field_path("assistant.property assistantId should not exist"), "assistant.assistantId");
  EXPECT_EQ(field_path("model.messages.0.role must be one of the following"),
            "model.messages.0.role");
  EXPECT_EQ(field_path("each value in serverMessages must be one of"), "serverMessages");
  EXPECT_EQ(field_path("voice.speed should not be empty"), "voice.speed");
}

TEST(FieldPath, ASentenceNamesNoField) {
  for (const auto* text : {"", "property", "Invalid Key. Hot tip", "Rate limit exceeded",
                           "Couldn't find the assistant", "name", " must be"}) {
    EXPECT_EQ(field_path(text), "") << text;
  }
}

}  // namespace
}  // namespace vapisync::vapi
