// The mark by which a remote object is known to be ours.
#include "core/marker.hpp"

#include <array>
#include <gtest/gtest.h>

namespace vapisync::core {
namespace {

NamePlace place(const json::Value& document) {
  if (json::text_or(document, "type", "") == "nameless") return {};
  return {"/function/name", 20};
}

constexpr std::array<std::string_view, 1> names{"/function/name"};
const Kind kind{
    .name = "thing", .collection = "/thing", .name_place = place, .name_pointers = names};
const Marker marker{"installation/7", "attempt1", ""};

json::Document document(std::string_view text) {
  auto parsed = json::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? std::move(*parsed) : json::Document();
}

json::Document in_metadata(json::Document document, const Marker& with = marker) {
  EXPECT_TRUE(mark(document, with, kind, MarkedBy::metadata));
  return document;
}
json::Document in_name(json::Document document) {
  EXPECT_TRUE(mark(document, marker, kind, MarkedBy::name));
  return document;
}
json::Document in_name(std::string_view text) {
  return in_name(document(text));
}

TEST(Marker, StandsInTheMetadataWhereItIsFoundAgain) {
  const auto marked = in_metadata(document(R"({"name":"A"})"));
  EXPECT_EQ(json::canonical(marked),
            R"({"metadata":{"vapisync":{"a":"attempt1","r":"installation/7"}},"name":"A"})");
  EXPECT_EQ(find_marker(marked, "installation/7", kind), marker);
  EXPECT_EQ(find_marker(marked, "installation/8", kind), std::nullopt);
}

TEST(Marker, TellsWhichContentAnImmutableObjectHas) {
  const Marker with_content{"installation/7", "attempt1", "hash"};
  const auto marked = in_metadata(document("{}"), with_content);
  EXPECT_EQ(find_marker(marked, "installation/7", kind), with_content);
}

TEST(Marker, LeavesTheUsersMetadataAlone) {
  const auto marked = in_metadata(document(R"({"metadata":{"team":"sales","n":[1]},"name":"A"})"));
  EXPECT_EQ(json::text_or(marked["metadata"], "team", ""), "sales");
  EXPECT_EQ(json::to_text(marked["metadata"]["n"]), "[1]");
}

TEST(Marker, IsReplacedNotDoubled) {
  const auto twice = in_metadata(in_metadata(document("{}"), Marker{"other/1", "old", ""}));
  EXPECT_EQ(read_marker(twice), marker);
  EXPECT_EQ(twice["metadata"].MemberCount(), 1U);
  const auto named_twice = in_name(in_name(R"({"function":{"name":"kb"}})"));
  EXPECT_EQ(json::text_or(named_twice["function"], "name", ""),
            "kb" + name_suffix("installation/7"));
}

TEST(Marker, MetadataThatIsNoObjectGivesWayToIt) {
  for (const auto* text : {R"({"metadata":null})", R"({"metadata":"x"})", R"({"metadata":[1]})"}) {
    EXPECT_EQ(read_marker(in_metadata(document(text))), marker) << text;
  }
}

TEST(Marker, OthersObjectsHaveNone) {
  for (const auto* text :
       {"{}", "[]", "3", R"({"metadata":null})", R"({"metadata":{"vapisync":"x"}})",
        R"({"metadata":{"vapisync":{"a":"1"}}})", R"({"metadata":{"vapisync":{"r":7}}})",
        R"({"function":{"name":"lookup"}})", R"({"function":{"name":7}})", R"({"function":"x"})"}) {
    EXPECT_EQ(read_marker(document(text)), std::nullopt) << text;
    EXPECT_EQ(find_marker(document(text), "installation/7", kind), std::nullopt) << text;
  }
}

TEST(Marker, WithoutMetadataTheNameEndsInIt) {
  const auto marked = in_name(R"({"function":{"name":"kb","strict":true}})");
  const std::string name(json::text_or(marked["function"], "name", ""));
  EXPECT_EQ(name, "kb" + name_suffix("installation/7"));
  EXPECT_TRUE(marked["function"]["strict"].GetBool());
  const auto found = find_marker(marked, "installation/7", kind);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->attempt, "") << "a name has no room for it";
  EXPECT_EQ(find_marker(marked, "installation/8", kind), std::nullopt);
}

TEST(Marker, ANameSaysNothingWhereTheMetadataBearsAnothersMark) {
  const auto forged = in_metadata(in_name(R"({"function":{"name":"kb"}})"), {"other/1", "x", ""});
  EXPECT_EQ(find_marker(forged, "installation/7", kind), std::nullopt);
}

TEST(Marker, ANameThatIsMissingIsMade) {
  const auto marked = in_name("{}");
  EXPECT_EQ(json::text_or(marked["function"], "name", ""), "thing" + name_suffix("installation/7"));
}

TEST(Marker, ALongNameIsCutAtAWholeCharacter) {
  const auto marked = in_name(R"({"function":{"name":"12345678äöü"}})");
  EXPECT_EQ(json::text_or(marked["function"], "name", ""),
            "12345678" + name_suffix("installation/7"));
}

TEST(Marker, SomeDocumentsHaveNoPlaceForIt) {
  auto nameless = document(R"({"type":"nameless"})");
  EXPECT_FALSE(mark(nameless, marker, kind, MarkedBy::name));
}

TEST(Marker, TheSuffixIsOfTenCharactersThatNamesMayHave) {
  const auto suffix = name_suffix("installation/7");
  EXPECT_EQ(suffix.size(), 11U);
  EXPECT_EQ(suffix.find_first_not_of("_abcdefghijklmnopqrstuvwxyz234567"), std::string::npos);
  EXPECT_EQ(suffix, name_suffix("installation/7"));
  EXPECT_NE(suffix, name_suffix("installation/8"));
}

}  // namespace
}  // namespace vapisync::core
