// Sealing: what was sealed opens for its own place only.
#include "base/seal.hpp"

#include <gtest/gtest.h>

namespace vapisync {
namespace {

Sealer make_sealer() {
  return Sealer::from_key_file(Sealer::make_key_line()).value();
}

TEST(Seal, WhatWasSealedOpensForItsContext) {
  const Sealer sealer = make_sealer();
  const auto sealed = sealer.seal(Secret("top secret"), "org/acme");
  EXPECT_EQ(sealed.find("top"), std::string::npos);
  const auto opened = sealer.open(sealed, "org/acme");
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->reveal(), "top secret");
}

TEST(Seal, AnotherContextIsRefused) {
  const Sealer sealer = make_sealer();
  const auto opened = sealer.open(sealer.seal(Secret("x"), "org/acme"), "org/bolt");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().verdict, Verdict::invalid);
}

TEST(Seal, TheSameSecretNeverLooksTheSame) {
  const Sealer sealer = make_sealer();
  EXPECT_NE(sealer.seal(Secret("x"), "c"), sealer.seal(Secret("x"), "c"));
}

TEST(Seal, AKeyThatIsNotInTheFileIsNamed) {
  const auto sealed = make_sealer().seal(Secret("x"), "c");
  const auto opened = make_sealer().open(sealed, "c");
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("secrets.key_file"), std::string::npos);
}

TEST(Seal, ANewKeyInFrontSealsAndTheOldOneStillOpens) {
  const Secret old_line = Sealer::make_key_line();
  const auto sealed = Sealer::from_key_file(old_line).value().seal(Secret("x"), "c");
  const Secret both(Sealer::make_key_line().reveal() + "\n" + old_line.reveal() + "\n");
  const Sealer sealer = Sealer::from_key_file(both).value();
  EXPECT_EQ(sealer.open(sealed, "c").value().reveal(), "x");
  const auto id = [](const std::string& text) { return text.substr(4, text.find(':', 4) - 4); };
  EXPECT_NE(id(sealer.seal(Secret("x"), "c")), id(sealed));
}

TEST(Seal, DamagedTextsAreRefused) {
  const Sealer sealer = make_sealer();
  auto sealed = sealer.seal(Secret("secret"), "c");
  sealed[sealed.size() - 3] = sealed[sealed.size() - 3] == 'A' ? 'B' : 'A';
  for (const std::string& text :
       {sealed, std::string(), std::string("vs1:"), std::string("plain"), sealed.substr(0, 30)}) {
    EXPECT_FALSE(sealer.open(text, "c")) << text;
  }
}

TEST(Seal, AWrongLineOfAKeyFileIsNamedByItsNumberAndNotShown) {
  const Secret text(Sealer::make_key_line().reveal() + "\nnot-a-key");
  const auto sealer = Sealer::from_key_file(text);
  ASSERT_FALSE(sealer);
  EXPECT_NE(sealer.error().message.find("line 2"), std::string::npos);
  EXPECT_EQ(sealer.error().message.find("not-a-key"), std::string::npos);
  EXPECT_FALSE(Sealer::from_key_file(Secret("")));
}

}  // namespace
}  // namespace vapisync
