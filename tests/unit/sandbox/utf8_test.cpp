#include "sandbox/utf8.hpp"

#include <gtest/gtest.h>

namespace vapisync::sandbox {
namespace {

TEST(SandboxUtf8, ValidTextIsLeftAlone) {
  for (const char* text : {"", "plain", "aü€😀", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(valid_utf8(text), text);
  }
}

TEST(SandboxUtf8, EveryWrongByteIsReplaced) {
  EXPECT_EQ(valid_utf8("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(valid_utf8("\xC0\xAF"), "\uFFFD\uFFFD") << "overlong";
  EXPECT_EQ(valid_utf8("\xE0\x80\xAF"), "\uFFFD\uFFFD\uFFFD") << "overlong";
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD") << "half of a surrogate pair";
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD") << "beyond Unicode";
  EXPECT_EQ(valid_utf8("ok\xE2\x82"), "ok\uFFFD\uFFFD") << "cut short";
}

TEST(SandboxUtf8, ABeginningEndsBetweenCharacters) {
  EXPECT_EQ(beginning("a€b", 4), "a€");
  EXPECT_EQ(beginning("a€b", 3), "a");
  EXPECT_EQ(beginning("a€b", 5), "a€b");
  EXPECT_EQ(beginning("€", 0), "");
}

}  // namespace
}  // namespace vapisync::sandbox
