// The marker that travels in a document, and the resets for what is wanted no more.
#include "core/document.hpp"

#include <array>
#include <gtest/gtest.h>

namespace vapisync::core {
namespace {

constexpr std::array<ResetValue, 1> resets{{{"duration", "600"}}};
constexpr Kind kind{
    .name = "thing", .collection = "/thing", .reset_values = resets, .write_only = {}, .sets = {}};
const Marker marker{"installation/7", "attempt1"};

json::Document document(std::string_view text) {
  auto parsed = json::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? std::move(*parsed) : json::Document();
}

TEST(Document, CarriesItsMarkerWhereItIsFoundAgain) {
  const auto marked = with_marker(document(R"({"name":"A"})"), marker);
  EXPECT_EQ(json::canonical(marked),
            R"({"metadata":{"vapisync":{"a":"attempt1","r":"installation/7"}},"name":"A"})");
  EXPECT_EQ(read_marker(marked), marker);
}

TEST(Document, TheMarkerLeavesTheUsersMetadataAlone) {
  const auto original = document(R"({"metadata":{"team":"sales","n":[1]},"name":"A"})");
  const auto marked = with_marker(original, marker);
  EXPECT_EQ(json::text_or(marked["metadata"], "team", ""), "sales");
  EXPECT_EQ(json::to_text(marked["metadata"]["n"]), "[1]");
  EXPECT_EQ(json::find(original["metadata"], marker_field), nullptr) << "the original is changed";
}

TEST(Document, AMarkerIsReplacedNotDoubled) {
  const auto once = with_marker(document("{}"), Marker{"other/1", "old"});
  const auto twice = with_marker(once, marker);
  EXPECT_EQ(read_marker(twice), marker);
  EXPECT_EQ(twice["metadata"].MemberCount(), 1U);
}

TEST(Document, MetadataThatIsNoObjectGivesWayToTheMarker) {
  for (const auto* text : {R"({"metadata":null})", R"({"metadata":"x"})", R"({"metadata":[1]})"}) {
    EXPECT_EQ(read_marker(with_marker(document(text), marker)), marker) << text;
  }
}

TEST(Document, OthersObjectsHaveNoMarker) {
  for (const auto* text :
       {"{}", "[]", "3", R"({"metadata":null})", R"({"metadata":{"vapisync":"x"}})",
        R"({"metadata":{"vapisync":{"a":"1"}}})", R"({"metadata":{"vapisync":{"r":7}}})"}) {
    EXPECT_EQ(read_marker(document(text)), std::nullopt) << text;
  }
}

TEST(Document, AKeyThatIsWantedNoMoreIsReset) {
  const auto body = with_resets(document(R"({"name":"A"})"), {"duration", "name", "voice"}, kind);
  EXPECT_EQ(json::canonical(body), R"({"duration":600,"name":"A","voice":null})");
}

TEST(Document, AKeyThatIsWantedAgainIsNotReset) {
  const auto body = with_resets(document(R"({"duration":60})"), {"duration"}, kind);
  EXPECT_EQ(json::canonical(body), R"({"duration":60})");
}

TEST(Document, AKeyThatWasNeverSentIsLeftAlone) {
  const auto body = with_resets(document(R"({"name":"A"})"), {}, kind);
  EXPECT_EQ(json::canonical(body), R"({"name":"A"})");
}

TEST(Document, OnlyKeysThatItHasAreFoundAmongOthers) {
  const auto found = keys_among(document(R"({"b":1,"a":null,"c":3})"), {"c", "x", "a"});
  EXPECT_EQ(found, (std::vector<std::string>{"a", "c"}));
}

TEST(Document, KeysAreSortedAndUnique) {
  EXPECT_EQ(keys_of(document(R"({"b":1,"a":{"z":1},"c":null})")),
            (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(merge_keys({"c", "a"}, {"b", "a"}), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(keys_of(document("{}")).empty());
}

}  // namespace
}  // namespace vapisync::core
