#include "base/json.hpp"

#include <gtest/gtest.h>

namespace vapisync::json {
namespace {

std::string canonical_of(std::string_view text) {
  const auto parsed = parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? canonical(*parsed) : "";
}

bool equal_texts(std::string_view a, std::string_view b) {
  const auto x = parse(a);
  const auto y = parse(b);
  EXPECT_TRUE(x && y) << a << " " << b;
  return equal(*x, *y);
}

TEST(Json, CanonicalTextHasSortedKeysAndNoWhiteSpace) {
  EXPECT_EQ(canonical_of(R"( { "b" : [ 1 , 2 ], "a" : { "d":null, "c":true } } )"),
            R"({"a":{"c":true,"d":null},"b":[1,2]})");
  EXPECT_EQ(canonical_of("{}"), "{}");
  EXPECT_EQ(canonical_of("[]"), "[]");
}

TEST(Json, CanonicalNumbersGoByValue) {
  for (const auto* one : {"1", "1.0", "1e0", "10e-1"}) EXPECT_EQ(canonical_of(one), "1");
  EXPECT_EQ(canonical_of("-0.0"), "0");
  EXPECT_EQ(canonical_of("0.1"), "0.1");
  EXPECT_EQ(canonical_of("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(canonical_of("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(canonical_of("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(canonical_of("1e300"), canonical_of("10e299"));
}

TEST(Json, CanonicalTextKeepsStringsWhole) {
  EXPECT_EQ(canonical_of(R"("a\"b\\c\n\u0000\u00e9")"), "\"a\\\"b\\\\c\\n\\u0000\u00e9\"");
  EXPECT_NE(canonical_of(R"({"a\u0000b":1})"), canonical_of(R"({"a":1})"));
}

TEST(Json, EqualDocumentsHaveOneHashAndOthersAnother) {
  const auto hash_of = [](std::string_view text) { return hash(*parse(text)); };
  EXPECT_EQ(hash_of(R"({"a":1,"b":[2]})"), hash_of(R"({ "b":[2.0], "a":1 })"));
  EXPECT_NE(hash_of(R"([1,2])"), hash_of(R"([2,1])"));
  EXPECT_NE(hash_of(R"({"a":null})"), hash_of("{}"));
  EXPECT_EQ(hash_of("{}").size(), 64U);
}

TEST(Json, Sha256MatchesItsTestVectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Json, EqualityIgnoresKeyOrderAndNumberForm) {
  EXPECT_TRUE(equal_texts(R"({"a":1,"b":{"c":[1]}})", R"({"b":{"c":[1.0]},"a":1})"));
  EXPECT_FALSE(equal_texts(R"({"a":1})", R"({"a":1,"b":2})"));
  EXPECT_FALSE(equal_texts("[1,2]", "[2,1]"));
  EXPECT_FALSE(equal_texts("\"1\"", "1"));
}

TEST(Json, WhatIsNoJsonFailsWithItsPlace) {
  for (const auto* text : {"", "{", "{]", "nul", "{\"a\":1}x", "\"\xff\"", "[1,]", "'a'"}) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().verdict, Verdict::invalid);
    EXPECT_EQ(parsed.error().code, "json_syntax");
    EXPECT_NE(parsed.error().message.find("at byte"), std::string::npos);
  }
  EXPECT_FALSE(parse(std::string_view{}));
}

TEST(Json, RawControlCharactersAreNoText) {
  for (char c = 1; c < 0x20; ++c) {
    for (size_t before = 0; before < 20; ++before) {  // wherever 16 bytes are looked at together
      const std::string text = "\"" + std::string(before, 'a') + c + std::string(20, 'b') + "\"";
      EXPECT_FALSE(parse(text)) << int{c} << " after " << before;
    }
  }
}

TEST(Json, AByteOrderMarkIsPassedOver) {
  EXPECT_TRUE(parse("\xEF\xBB\xBF{\"a\":\"\xC3\xA9\"}"));
  EXPECT_FALSE(parse("\xEF{\"a\":1}"));
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '[') +
           std::string(static_cast<size_t>(depth), ']');
  };
  EXPECT_TRUE(parse(nested(depth_max)));
  const auto deeper = parse(nested(depth_max + 1));
  ASSERT_FALSE(deeper);
  EXPECT_EQ(deeper.error().code, "json_too_deep");
  EXPECT_FALSE(parse(nested(1'000'000)));
  EXPECT_TRUE(parse("\"" + std::string(1'000, '[') + "\"")) << "in a text they are only text";
  EXPECT_TRUE(
      parse(R"("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[")"));
}

TEST(Json, MembersAreFoundOnlyInObjects) {
  const auto document = parse(R"({"a":"x","n":1})");
  EXPECT_EQ(text_or(*document, "a", "y"), "x");
  EXPECT_EQ(text_or(*document, "n", "y"), "y") << "a number is no text";
  EXPECT_EQ(text_or(*document, "z", "y"), "y");
  EXPECT_EQ(text_member(*document, "a"), "x");
  EXPECT_EQ(text_member(*document, "n"), std::nullopt);
  EXPECT_EQ(find(*parse("[1]"), "a"), nullptr);
  EXPECT_EQ(find(*parse("null"), "a"), nullptr);
}

TEST(Json, SetReplacesAndEraseRemoves) {
  auto document = parse(R"({"a":1,"b":2})");
  auto& allocator = document->GetAllocator();
  set(*document, "a", make_text("new", allocator), allocator);
  set(*document, "c", Value(3), allocator);
  EXPECT_EQ(canonical(*document), R"({"a":"new","b":2,"c":3})");
  EXPECT_EQ(document->MemberCount(), 3U);
  erase(*document, "b");
  erase(*document, "never there");
  EXPECT_EQ(canonical(*document), R"({"a":"new","c":3})");
}

TEST(Json, AnIntegerMemberIsReadAndAnythingElseIsNot) {
  const auto object = parse(R"({"big": 9007199254740993, "real": 1.5, "text": "1", "none": null})");
  EXPECT_EQ(int_or(*object, "big", 0), 9007199254740993);
  for (const char* key : {"real", "text", "none", "absent"})
    EXPECT_EQ(int_or(*object, key, -1), -1);
}

}  // namespace
}  // namespace vapisync::json
