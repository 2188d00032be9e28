// What a document refers to, and what is sent in its place.
#include "core/references.hpp"

#include <gtest/gtest.h>

namespace vapisync::core {
namespace {

json::Document document(std::string_view text) {
  auto parsed = json::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? std::move(*parsed) : json::Document();
}

TEST(References, AreFoundWithTheirPlaces) {
  const auto found = find_references(document(
      R"({"model":{"toolIds":["x",{"$ref":"tool/kb"}]},"next":{"$ref":"assistant/outbound"}})"));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].path, "model.toolIds[1]");
  EXPECT_EQ(found[0].name, "tool/kb");
  EXPECT_EQ(found[1].path, "next");
  EXPECT_EQ(found[1].name, "assistant/outbound");
}

TEST(References, AnObjectWithMoreThanTheReferenceIsNone) {
  EXPECT_TRUE(
      find_references(document(R"({"a":{"$ref":"tool/kb","b":1},"c":{"$ref":7}})")).empty());
}

TEST(References, AreReplacedByIds) {
  auto some = document(R"({"a":[{"$ref":"tool/kb"}],"b":{"$ref":"tool/other"},"c":1})");
  resolve(some,
          [](std::string_view name) -> std::string_view { return name == "tool/kb" ? "t1" : ""; });
  EXPECT_EQ(json::canonical(some), R"({"a":["t1"],"b":{"$ref":"tool/other"},"c":1})");
}

TEST(References, ADocumentIsNoneItself) {
  auto whole = document(R"({"$ref":"tool/kb"})");
  EXPECT_TRUE(find_references(whole).empty());
  resolve(whole, [](std::string_view) -> std::string_view { return "t1"; });
  EXPECT_TRUE(whole.IsObject()) << "a text can't be marked";
}

TEST(References, ABareIdIsFoundWhereverAnObjectIsNamed) {
  EXPECT_EQ(find_bare_id(document(R"({"model":{"toolIds":[{"$ref":"tool/kb"},"t1"]}})")),
            "model.toolIds[1]");
  EXPECT_EQ(find_bare_id(document(R"({"destinations":[{"assistantId":"a1"}]})")),
            "destinations[0].assistantId");
  EXPECT_EQ(find_bare_id(document(R"({"credentialIds":["c1"]})")), "credentialIds[0]");
}

TEST(References, WhatOnlyLooksLikeAnIdIsLeftAlone) {
  for (const auto* text :
       {R"({"model":{"toolIds":[]}})", R"({"model":{"toolIds":[{"$ref":"tool/kb"}]}})",
        R"({"metadata":{"toolId":"t1"}})", R"({"voice":{"voiceId":"Elliot"}})",
        R"({"function":{"parameters":{"properties":{"assistantId":{"type":"string"}}}}})",
        R"({"squadId":null})"}) {
    EXPECT_EQ(find_bare_id(document(text)), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace vapisync::core
