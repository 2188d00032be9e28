#include "config/secret_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/log.hpp"
#include "unit/config/scratch.hpp"

namespace vapisync::config {
namespace {

class SecretFile : public testing::Test {
 protected:
  std::string read(std::string_view content) {
    const auto path = scratch.write("key", content);
    ::chmod(path.c_str(), 0600);
    const auto secret = read_secret_file(path);
    if (secret.has_value()) return secret->reveal();
    EXPECT_EQ(secret.error().verdict, Verdict::invalid);
    const std::string head = "secret file " + path.string() + ": ";
    EXPECT_TRUE(secret.error().message.starts_with(head)) << secret.error().message;
    return "refused: " + secret.error().message.substr(head.size());
  }

  Scratch scratch;
};

TEST_F(SecretFile, OneTrailingNewlineIsNotPartOfTheSecret) {
  EXPECT_EQ(read("key"), "key");
  EXPECT_EQ(read("key\n"), "key");
  EXPECT_EQ(read("key\r\n"), "key");
}

TEST_F(SecretFile, WhatCannotBeAKeyIsRefused) {
  EXPECT_EQ(read(""), "refused: is empty");
  EXPECT_EQ(read("\n"), "refused: is empty");
  const std::string one_line = "refused: must hold the secret on one line and nothing else";
  EXPECT_EQ(read("key\n\n"), one_line);
  EXPECT_EQ(read("a\nb"), one_line);
  EXPECT_EQ(read(std::string_view("a\0b", 3)), one_line);
  EXPECT_EQ(read("key \n"), "refused: has a space at its beginning or end");
  EXPECT_EQ(read(std::string(4096, 'k')), std::string(4096, 'k'));
  EXPECT_EQ(read(std::string(5000, 'k')), "refused: is too large to be a key");
}

TEST_F(SecretFile, AFileThatCannotBeReadSaysWhy) {
  const auto absent = read_secret_file(scratch.path("absent"));
  ASSERT_TRUE(absent.has_error());
  EXPECT_NE(absent.error().message.find("absent: cannot be read: No such file or directory"),
            std::string::npos);
  const auto folder = read_secret_file(scratch.path(""));
  ASSERT_TRUE(folder.has_error());
  EXPECT_NE(folder.error().message.find("Is a directory"), std::string::npos);
}

TEST_F(SecretFile, AFileThatEveryoneMayReadIsUsedWithAWarning) {
  const auto path = scratch.write("key", "key\n");
  ::chmod(path.c_str(), 0644);
  testing::internal::CaptureStderr();
  log::configure(log::Level::info, log::Format::json);
  EXPECT_EQ(read_secret_file(path)->reveal(), "key");
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_NE(lines.find(R"("event":"secret_file_open")"), std::string::npos) << lines;
}

}  // namespace
}  // namespace vapisync::config
