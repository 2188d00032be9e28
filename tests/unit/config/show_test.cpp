#include <gtest/gtest.h>

#include "base/json.hpp"
#include "config/config.hpp"
#include "unit/config/scratch.hpp"

namespace vapisync::config {
namespace {

class ConfigShow : public testing::Test {
 protected:
  Config loaded() {
    sources.environment = {{"VAPISYNC_DATABASE_URL", "postgres://app:hunter2@db/app"}};
    sources.flags = {"log.level=debug"};
    sources.file = scratch.write("vapisync.toml", "[vapi]\nrate_per_second = 2.5\n");
    return load(sources).value();
  }

  static bool has(const std::string& text, std::string_view line) {
    return text.find(line) != std::string::npos;
  }

  Scratch scratch;
  Sources sources;
};

TEST_F(ConfigShow, NamesTheOriginOfEveryValueAndHidesPasswords) {
  const std::string text = show(loaded());
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  EXPECT_TRUE(text.starts_with(
      "[database]\n"
      "url = \"postgres://app:[redacted]@db/app\"      # VAPISYNC_DATABASE_URL\n"
      "listen_url = \"postgres://app:[redacted]@db/app\"  # default, from database.url\n"
      "pool = 3                                      # default\n"
      "\n"
      "[vapi]\n"
      "base_url = \"https://api.vapi.ai\"              # default\n"
      "# platform_key_file is not set\n"))
      << text;
  EXPECT_TRUE(has(text, "rate_per_second = 2.5                         # " +
                            scratch.path("vapisync.toml").string() + ":2\n"))
      << text;
  EXPECT_TRUE(has(text, "level = \"debug\"                               # --set\n")) << text;
}

TEST_F(ConfigShow, WhatItPrintsIsAFileThatLoadsToTheSame) {
  sources.flags = {"vapi.platform_key_file=/a \"quoted\" path", "vapi.rate_per_second=0.25",
                   "engine.drain_ms=0"};
  const Config first = load(sources).value();
  Sources again;
  again.file = scratch.write("shown.toml", show(first));
  const auto second = load(again);
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(second->vapi.platform_key_file, "/a \"quoted\" path");
  EXPECT_EQ(second->vapi.rate_per_second, 0.25);
  EXPECT_EQ(second->engine.drain, std::chrono::milliseconds(0));
}

TEST_F(ConfigShow, JsonHoldsTheSameForPrograms) {
  const std::string text = show_json(loaded());
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  const auto document = json::parse(text);
  ASSERT_TRUE(document.has_value());
  const auto& root = *document;
  EXPECT_STREQ(root["database"]["url"]["value"].GetString(), "postgres://app:[redacted]@db/app");
  EXPECT_STREQ(root["database"]["url"]["origin"].GetString(), "VAPISYNC_DATABASE_URL");
  EXPECT_EQ(root["database"]["pool"]["value"].GetInt(), 3);
  EXPECT_STREQ(root["database"]["pool"]["origin"].GetString(), "default");
  EXPECT_EQ(root["vapi"]["rate_per_second"]["value"].GetDouble(), 2.5);
  EXPECT_TRUE(root["vapi"]["platform_key_file"]["value"].IsNull());
  EXPECT_STREQ(root["log"]["level"]["value"].GetString(), "debug");
}

}  // namespace
}  // namespace vapisync::config
