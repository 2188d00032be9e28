#include "base/log.hpp"

#include <gtest/gtest.h>
#include <limits>

#include "base/json.hpp"

namespace vapisync::log {
namespace {

/// The line as a JSON object, with the braces that the pattern puts around it.
json::Document parsed(const std::string& line) {
  auto document = json::parse("{" + line + "}");
  EXPECT_TRUE(document) << line;
  return document ? std::move(*document) : json::Document();
}

TEST(LogJson, HoldsTheEventFirstAndEachFieldWithItsType) {
  EXPECT_EQ(format_json("sync.synced", {{"org", "acme"}, {"ms", 12}, {"same", true}, {"s", 0.5}}),
            R"("event":"sync.synced","org":"acme","ms":12,"same":true,"s":0.5)");
}

TEST(LogJson, StaysOneLineOfJsonWhateverTheText) {
  const std::string odd = "a\"b\\c\nd\te\x01";
  const std::string line = format_json("x", {{"text", odd}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(json::text_or(parsed(line), "text", ""), odd);
}

TEST(LogJson, SkipsEmptyTextsAndKeepsZeroAndFalse) {
  EXPECT_EQ(format_json("x", {{"path", ""}, {"n", 0}, {"ok", false}}),
            R"("event":"x","n":0,"ok":false)");
}

TEST(LogJson, NumbersKeepTheirValue) {
  constexpr auto largest = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(parsed(format_json("x", {{"n", largest}}))["n"].GetInt64(), largest);
  EXPECT_EQ(parsed(format_json("x", {{"n", -1}}))["n"].GetInt(), -1);
}

TEST(LogJson, WhatJsonCannotSayIsNull) {
  const auto line = format_json("x", {{"a", std::numeric_limits<double>::infinity()},
                                      {"b", std::numeric_limits<double>::quiet_NaN()},
                                      {"c", 1}});
  const auto document = parsed(line);
  EXPECT_TRUE(document["a"].IsNull());
  EXPECT_TRUE(document["b"].IsNull());
  EXPECT_EQ(document["c"].GetInt(), 1);
}

TEST(LogJson, ASecretIsNeverPrinted) {
  const Secret key{"k-0123456789"};
  EXPECT_EQ(format_json("x", {{"key", key}}), R"("event":"x","key":"[redacted]")");
  EXPECT_EQ(format_human("x", {{"key", key}}), "x                    key=[redacted]");
}

TEST(LogJson, AnEventAloneIsALine) {
  EXPECT_EQ(format_json("db.up", {}), R"("event":"db.up")");
}

TEST(LogHuman, AlignsTheEventAndSkipsEmptyTexts) {
  EXPECT_EQ(format_human("sync.synced", {{"org", "acme"}, {"path", ""}, {"ms", 12}, {"ok", false}}),
            "sync.synced          org=acme ms=12 ok=false");
}

TEST(LogHuman, LongEventsAreNotCut) {
  EXPECT_EQ(format_human("an.event.with.a.long.name", {{"n", 0}}), "an.event.with.a.long.name n=0");
}

}  // namespace
}  // namespace vapisync::log
