// What counts as stored, and what the difference is called when something is not.
#include "core/verify.hpp"

#include <array>
#include <gtest/gtest.h>

namespace vapisync::core {
namespace {

using How = Difference::How;

constexpr std::array<ResetValue, 2> resets{{{"duration", "600"}, {"mode", "\"first\""}}};
constexpr std::array<std::string_view, 2> write_only{"credentials", "server.secret"};
constexpr std::array<std::string_view, 2> sets{"messages", "model.tags"};
constexpr Kind kind{.name = "thing",
                    .collection = "/thing",
                    .reset_values = resets,
                    .write_only = write_only,
                    .sets = sets};

std::vector<Difference> compare(std::string_view sent, std::string_view answer) {
  const auto a = json::parse(sent);
  const auto b = json::parse(answer);
  EXPECT_TRUE(a && b) << sent << " " << answer;
  return verify(*a, *b, kind);
}

/// `PATH HOW`, one for each difference, joined by commas; empty when equal.
std::string differences(std::string_view sent, std::string_view answer) {
  constexpr std::array words{"lost", "changed", "kept"};
  std::string text;
  for (const auto& difference : compare(sent, answer)) {
    if (!text.empty()) text += ", ";
    text += difference.path + " " + words.at(static_cast<size_t>(difference.how));
  }
  return text;
}

TEST(Verify, NumbersCompareByValue) {
  EXPECT_EQ(
      differences(R"({"a":1,"b":1.0,"c":0.5,"d":1e2})", R"({"a":1.0,"b":1,"c":5e-1,"d":100})"), "");
  EXPECT_EQ(differences(R"({"a":1})", R"({"a":1.5})"), "a changed");
  EXPECT_EQ(differences(R"({"a":-0.0})", R"({"a":0})"), "");
}

TEST(Verify, ANumberIsNoText) {
  EXPECT_EQ(differences(R"({"a":1})", R"({"a":"1"})"), "a changed");
}

TEST(Verify, OnlyTheKeysThatWereSentCount) {
  EXPECT_EQ(differences(R"({"a":{"b":1}})", R"({"id":"x","a":{"b":1,"c":2},"d":[]})"), "");
}

TEST(Verify, KeysMayComeInAnyOrder) {
  EXPECT_EQ(differences(R"({"a":1,"b":{"c":1,"d":2}})", R"({"b":{"d":2,"c":1},"a":1})"), "");
}

TEST(Verify, AnotherValueIsChangedWithItsPath) {
  EXPECT_EQ(differences(R"({"a":{"b":{"c":"x"}}})", R"({"a":{"b":{"c":"y"}}})"), "a.b.c changed");
  EXPECT_EQ(differences(R"({"a":[{"b":1},{"b":2}]})", R"({"a":[{"b":1},{"b":3}]})"),
            "a[1].b changed");
  EXPECT_EQ(differences(R"({"a":true})", R"({"a":false})"), "a changed");
}

TEST(Verify, AnAbsentOrNullValueIsLost) {
  EXPECT_EQ(differences(R"({"a":1,"b":2})", R"({"b":null})"), "a lost, b lost");
  EXPECT_EQ(differences(R"({"a":{"b":[]}})", R"({"a":{}})"), "a.b lost");
  EXPECT_EQ(differences(R"({"a":false})", R"({})"), "a lost");
}

TEST(Verify, AnotherTypeIsChanged) {
  EXPECT_EQ(differences(R"({"a":{"b":1}})", R"({"a":"b"})"), "a changed");
  EXPECT_EQ(differences(R"({"a":[1]})", R"({"a":{"0":1}})"), "a changed");
}

TEST(Verify, NullAbsentAndResetValueAreAlike) {
  for (const auto* sent :
       {R"({"duration":null})", R"({"duration":600})", R"({"duration":600.0})"}) {
    for (const auto* stored : {R"({})", R"({"duration":null})", R"({"duration":600})"}) {
      EXPECT_EQ(differences(sent, stored), "") << sent << " " << stored;
    }
  }
  EXPECT_EQ(differences(R"({"mode":null})", R"({"mode":"first"})"), "");
  EXPECT_EQ(differences(R"({"mode":"first"})", R"({})"), "");
  EXPECT_EQ(differences(R"({"a":null})", R"({})"), "");
}

TEST(Verify, AResetThatLeavesAValueIsKept) {
  EXPECT_EQ(differences(R"({"a":null})", R"({"a":"old"})"), "a kept");
  EXPECT_EQ(differences(R"({"duration":600})", R"({"duration":900})"), "duration changed");
  EXPECT_EQ(differences(R"({"a":{"b":null}})", R"({"a":{"b":0}})"), "a.b kept");
}

TEST(Verify, AResetValueIsOneOnlyAtTheTop) {
  EXPECT_EQ(differences(R"({"a":{"duration":600}})", R"({"a":{}})"), "a.duration lost");
}

TEST(Verify, AValueThatFellBackToTheResetValueIsChanged) {
  EXPECT_EQ(differences(R"({"duration":900})", R"({"duration":600})"), "duration changed");
}

TEST(Verify, AShorterArrayIsLostAndALongerOneChanged) {
  EXPECT_EQ(differences(R"({"a":[1,2]})", R"({"a":[1]})"), "a lost");
  EXPECT_EQ(differences(R"({"a":[1]})", R"({"a":[1,2]})"), "a changed");
  EXPECT_EQ(differences(R"({"a":[1]})", R"({"a":[]})"), "a lost");
  EXPECT_EQ(differences(R"({"a":[]})", R"({"a":[]})"), "");
}

TEST(Verify, ArraysCompareInOrder) {
  EXPECT_EQ(differences(R"({"a":[1,2]})", R"({"a":[2,1]})"), "a[0] changed, a[1] changed");
  EXPECT_EQ(differences(R"({"a":[[1],[2]]})", R"({"a":[[1],[3]]})"), "a[1][0] changed");
  EXPECT_EQ(differences(R"({"a":[1,2]})", R"({"a":[1,null]})"), "a[1] lost");
}

TEST(Verify, SetsCompareWithoutOrder) {
  EXPECT_EQ(differences(R"({"messages":["a","b"]})", R"({"messages":["b","a"]})"), "");
  EXPECT_EQ(differences(R"({"messages":["a","b"]})", R"({"messages":["b","c"]})"),
            "messages changed");
  EXPECT_EQ(differences(R"({"messages":["a","a"]})", R"({"messages":["a","b"]})"),
            "messages changed");
  EXPECT_EQ(differences(R"({"messages":["a","b"]})", R"({"messages":["a"]})"), "messages lost");
  EXPECT_EQ(differences(R"({"model":{"tags":[1,2.0]}})", R"({"model":{"tags":[2,1]}})"), "");
}

TEST(Verify, WriteOnlyPathsAreSkipped) {
  EXPECT_EQ(differences(R"({"credentials":["k"],"server":{"url":"u","secret":"s"}})",
                        R"({"server":{"url":"u"}})"),
            "");
  EXPECT_EQ(differences(R"({"server":{"url":"u","secret":"s"}})", R"({"server":{"secret":"s"}})"),
            "server.url lost");
}

TEST(Verify, TellsWhatWasSentAndWhatIsStored) {
  const auto found = compare(R"({"a":{"b":"mine"},"c":1})", R"({"a":{"b":"theirs"}})");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].sent, "mine");
  EXPECT_EQ(found[0].stored, "theirs");
  EXPECT_EQ(found[1].stored, "(absent)");
}

TEST(Verify, LongValuesAreCutBetweenCharacters) {
  std::string prompt;
  for (int i = 0; i < 300; ++i) prompt += "\u00e4";
  const auto found = compare(R"({"a":")" + prompt + "\"}", R"({"a":"short"})");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_LT(found[0].sent.size(), 210U);
  EXPECT_TRUE(json::parse("\"" + found[0].sent + "\"")) << "not UTF-8 any more";
}

TEST(Verify, ManyDifferencesAreBounded) {
  std::string sent = "[0";
  std::string stored = "[1";
  for (int i = 0; i < 1000; ++i) {
    sent += ",0";
    stored += ",1";
  }
  EXPECT_EQ(compare(R"({"a":)" + sent + "]}", R"({"a":)" + stored + "]}").size(), 20U);
}

}  // namespace
}  // namespace vapisync::core
