#include "base/secret.hpp"

#include <concepts>
#include <gtest/gtest.h>
#include <ostream>

namespace vapisync {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(!Printable<Secret>);
static_assert(!std::convertible_to<Secret, std::string>);
static_assert(!std::convertible_to<std::string, Secret>);

const Secret key{"k-0123456789"};

TEST(Redact, ReplacesEveryOccurrence) {
  EXPECT_EQ(redact("a k-0123456789 b k-0123456789k-0123456789", key, 1'000),
            "a [redacted] b [redacted][redacted]");
}

TEST(Redact, ReplacesBearerTokensOfOthersToo) {
  EXPECT_EQ(redact("Authorization: Bearer abc.def-ghi_jkl", key, 1'000),
            "Authorization: Bearer [redacted]");
  EXPECT_EQ(redact("Bearer aaaaaaaaa, Bearer bbbbbbbbb", key, 1'000),
            "Bearer [redacted], Bearer [redacted]");
  EXPECT_EQ(redact("no Bearer token was sent", key, 1'000), "no Bearer token was sent");
}

TEST(Redact, AnEmptySecretReplacesNothing) {
  EXPECT_EQ(redact("plain text", Secret{}, 1'000), "plain text");
  EXPECT_EQ(redact("", key, 1'000), "");
}

TEST(Redact, NoPartOfASecretSurvivesACut) {
  for (size_t before = 0; before < 60; ++before) {
    for (size_t count = 1; count < 5; ++count) {
      std::string text(before, 'x');
      for (size_t i = 0; i < count; ++i) text += key.reveal();
      const std::string out = redact(text + " and more", key, 40);
      EXPECT_LE(out.size(), 40U);
      EXPECT_EQ(out.find("k-"), std::string::npos) << out;
    }
  }
}

TEST(Redact, CutsBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "\u20ac";  // three bytes each
  for (size_t max = 0; max <= 90; ++max) {
    const std::string out = redact(text, Secret{}, max);
    EXPECT_EQ(out.size(), max / 3 * 3);
    EXPECT_EQ(out.find('?'), std::string::npos) << max;
  }
}

TEST(Redact, KeepsValidTextAsItIs) {
  for (const auto* text : {"caf\u00e9", "\u20ac", "\U0001f600", "\U0010ffff", "a~b", "\ud7ff"}) {
    EXPECT_EQ(redact(text, key, 100), text);
  }
}

TEST(Redact, ReplacesWhatIsNoText) {
  using namespace std::string_literals;
  EXPECT_EQ(redact("caf\xe9!"s, key, 100), "caf?!");
  EXPECT_EQ(redact("a\0b\x1b[0m\n\x7f"s, key, 100), "a b [0m  ");
  EXPECT_EQ(redact("\xed\xa0\x80"s, key, 100), "???") << "half a surrogate pair";
  EXPECT_EQ(redact("\xf4\x90\x80\x80"s, key, 100), "????") << "beyond the last character";
  EXPECT_EQ(redact("\xe0\x80\xaf"s, key, 100), "???") << "longer than it needs to be";
  EXPECT_EQ(redact("\xe2\x82"s, key, 100), "??") << "cut off";
}

}  // namespace
}  // namespace vapisync
