// What is written reads as what was meant.
#include "base/json_writer.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>

#include "base/json.hpp"

namespace vapisync::json {
namespace {

std::string written(std::string_view text) {
  std::string out;
  Writer(out).String(text);
  return out;
}

TEST(JsonWriter, EveryCharacterIsEscapedWhereverItStands) {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (size_t before = 0; before < 40; ++before) {  // many are looked at together
      for (const size_t after : {0UL, 1UL, 15UL, 16UL, 17UL}) {
        const std::string text =
            std::string(before, 'a') + static_cast<char>(byte) + std::string(after, 'b');
        const std::string json = written(text);
        const auto is_raw = [](char c) { return c >= 0 && c < ' '; };
        ASSERT_EQ(std::ranges::count_if(json, is_raw), 0) << byte << " after " << before;
        ASSERT_EQ(json::text(*parse(json)), text) << byte << " after " << before;
      }
    }
  }
}

TEST(JsonWriter, ShortEscapesAreUsedWhereThereAreSome) {
  EXPECT_EQ(written("\"\\\b\f\n\r\t\x1f/"), R"("\"\\\b\f\n\r\t\u001F/")");
}

TEST(JsonWriter, OtherThanAsciiStaysAsItIs) {
  EXPECT_EQ(written("Gr\u00fc\u00dfe, \u4f60\u597d"), "\"Gr\u00fc\u00dfe, \u4f60\u597d\"");
  EXPECT_EQ(written(""), "\"\"");
}

TEST(JsonWriter, CommasStandBetweenMembersAndItemsOnly) {
  std::string out;
  Writer writer(out);
  writer.StartObject();
  writer.Key("none");
  writer.StartArray();
  writer.EndArray();
  writer.Key("some");
  writer.StartArray();
  writer.Int64(-1);
  writer.Null();
  writer.StartObject();
  writer.EndObject();
  writer.Raw("[2]");
  writer.EndArray();
  writer.Key("last");
  writer.Bool(true);
  writer.EndObject();
  EXPECT_EQ(out, R"({"none":[],"some":[-1,null,{},[2]],"last":true})");
}

TEST(JsonWriter, NumbersKeepTheirValue) {
  const auto number = [](double value) {
    std::string out;
    Writer(out).Double(value);
    return out;
  };
  for (const double value : {0.1, -2.5e-300, 1e300, 123456.789, 0.0}) {
    EXPECT_EQ(parse(number(value))->GetDouble(), value) << value;
  }
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(to_text(*parse("[18446744073709551615,-9223372036854775808,1.0]")),
            "[18446744073709551615,-9223372036854775808,1.0]");
}

TEST(JsonWriter, ADocumentIsWrittenAsItWasRead) {
  const std::string text = R"({"b":{"a":[1,2.5,"x\n\"y\"",true,false,null]},"":{},"long":")" +
                           std::string(100, 'z') + R"("})";
  EXPECT_EQ(to_text(*parse(text)), text);
}

}  // namespace
}  // namespace vapisync::json
