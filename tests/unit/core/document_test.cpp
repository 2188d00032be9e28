// The resets for what is wanted no more.
#include "core/document.hpp"

#include <array>
#include <gtest/gtest.h>

namespace vapisync::core {
namespace {

constexpr std::array<ResetValue, 1> resets{{{"duration", "600"}}};
const Kind kind{.name = "thing", .collection = "/thing", .reset_values = resets};

json::Document document(std::string_view text) {
  auto parsed = json::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? std::move(*parsed) : json::Document();
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
