#include <cstdlib>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "unit/config/scratch.hpp"

namespace vapisync::config {
namespace {

using namespace std::chrono_literals;

class ConfigLoad : public testing::Test {
 protected:
  Result<Config> load_toml(std::string_view text) {
    sources.file = scratch.write("vapisync.toml", text);
    return load(sources);
  }

  // The message without the folder, which differs from run to run.
  std::string problems(const Result<Config>& result) const {
    if (result.has_value()) return "none";
    EXPECT_EQ(result.error().verdict, Verdict::invalid);
    std::string text = result.error().message;
    const std::string folder = scratch.path("").string();
    for (size_t at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
      text.erase(at, folder.size());
    }
    return text;
  }

  Scratch scratch;
  Sources sources{.file = {}, .environment = {}, .flags = {}, .default_file = scratch.path("no")};
};

TEST_F(ConfigLoad, WithoutAnySourceTheDefaultsHold) {
  const auto config = load(sources);
  ASSERT_TRUE(config.has_value()) << problems(config);
  EXPECT_TRUE(config->database.url.empty());
  EXPECT_EQ(config->database.pool, 3);
  EXPECT_EQ(config->vapi.base_url, "https://api.vapi.ai");
  EXPECT_EQ(config->vapi.open_window(), 90s);
  EXPECT_EQ(config->retry.overdue_after, 15min);
  EXPECT_TRUE(config->origins.empty());
}

TEST_F(ConfigLoad, ReadsEveryKindOfValueFromTheFile) {
  const auto config = load_toml(R"(
[database]
url = "postgres://app@db/app"
pool = 5
[vapi]
base_url = "http://127.0.0.1:9000/base/"
rate_per_second = 2.5
request_timeout_ms = 1_000
[retry]
overdue_after_s = 60
[log]
level = "warning"
format = "human"
)");
  ASSERT_TRUE(config.has_value()) << problems(config);
  EXPECT_EQ(config->database.url.reveal(), "postgres://app@db/app");
  EXPECT_EQ(config->database.listen_url.reveal(), "postgres://app@db/app");
  EXPECT_EQ(config->database.pool, 5);
  EXPECT_EQ(config->vapi.base_url, "http://127.0.0.1:9000/base");
  EXPECT_EQ(config->vapi.rate_per_second, 2.5);
  EXPECT_EQ(config->vapi.request_timeout, 1s);
  EXPECT_EQ(config->retry.overdue_after, 1min);
  EXPECT_EQ(config->log.level, log::Level::warning);
  EXPECT_EQ(config->log.format, log::Format::human);
}

TEST_F(ConfigLoad, EnvironmentBeatsTheFileAndFlagsBeatBoth) {
  sources.environment = {{"VAPISYNC_DATABASE_POOL", "6"}, {"VAPISYNC_ENGINE_BATCH", "10"}};
  sources.flags = {"engine.batch=20", "engine.batch=30", "vapi.rate_per_second=0.5"};
  const auto config = load_toml("[database]\npool = 5\n[engine]\nbatch = 5\nin_flight = 7\n");
  ASSERT_TRUE(config.has_value()) << problems(config);
  EXPECT_EQ(config->engine.in_flight, 7);
  EXPECT_EQ(config->database.pool, 6);
  EXPECT_EQ(config->engine.batch, 30);
  EXPECT_EQ(config->vapi.rate_per_second, 0.5);
}

TEST_F(ConfigLoad, UnknownKeysAreRefusedWithTheirLineAndAHint) {
  const auto config = load_toml(
      "listen_url = 'x'\n"
      "[vapi]\n"
      "rate = 3\n"
      "lease_ms = 60000\n"
      "reqest_timeout_ms = 3\n"
      "[twilio]\n"
      "sid = 'AC1'\n"
      "[engin]\n"
      "[vapi.deeper]\n"
      "a = 1\n");
  EXPECT_EQ(problems(config),
            "vapisync.toml:1: listen_url: unknown key; did you mean database.listen_url?\n"
            "vapisync.toml:3: vapi.rate: unknown key; did you mean vapi.rate_per_second?\n"
            "vapisync.toml:4: vapi.lease_ms: unknown key; did you mean engine.lease_ms?\n"
            "vapisync.toml:5: vapi.reqest_timeout_ms: unknown key; did you mean "
            "vapi.request_timeout_ms?\n"
            "vapisync.toml:6: twilio: unknown section; the sections are database, vapi, engine, "
            "retry, http, secrets, retention, log\n"
            "vapisync.toml:8: engin: unknown section; did you mean engine?\n"
            "vapisync.toml:9: vapi.deeper: unknown key");
}

TEST_F(ConfigLoad, UnknownVariablesAndFlagsAreRefused) {
  sources.environment = {{"VAPISYNC_VAPI_RATE", "3"}, {"VAPISYNC_SOMETHING", ""}, {"HOME", "/"}};
  sources.flags = {"engine.lease=1", "engine.batch"};
  EXPECT_EQ(problems(load(sources)),
            "VAPISYNC_SOMETHING: unknown variable\n"
            "VAPISYNC_VAPI_RATE: unknown variable; did you mean VAPISYNC_VAPI_RATE_PER_SECOND?\n"
            "--set engine.lease: unknown key; did you mean engine.lease_ms?\n"
            "--set engine.batch: must be section.key=value");
}

TEST_F(ConfigLoad, BadValuesFromAllSourcesAreReportedTogether) {
  sources.environment = {{"VAPISYNC_ENGINE_BATCH", "many"},
                         {"VAPISYNC_VAPI_RATE_PER_SECOND", "nan"}};
  sources.flags = {"log.level=loud", "engine.in_flight=1.5", "vapi.platform_key_file="};
  const auto config = load_toml(
      "[database]\npool = 100\n"
      "[vapi]\nburst = '5'\nin_flight = [1]\nbase_url = 'ftp://x'\n");
  EXPECT_EQ(problems(config),
            "vapisync.toml:2: database.pool: must be an integer from 2 to 64, not 100\n"
            "vapisync.toml:4: vapi.burst: must be an integer from 1 to 10000, not '5'\n"
            "vapisync.toml:5: vapi.in_flight: must be an integer from 1 to 10000\n"
            "vapisync.toml:6: vapi.base_url: must be an http:// or https:// URL without user, "
            "query and fragment, not 'ftp://x'\n"
            "VAPISYNC_ENGINE_BATCH: engine.batch: must be an integer from 1 to 10000, not 'many'\n"
            "VAPISYNC_VAPI_RATE_PER_SECOND: vapi.rate_per_second: must be a number from 0 to "
            "10000, not nan\n"
            "--set: log.level: must be one of debug, info, warning, error, not 'loud'\n"
            "--set: engine.in_flight: must be an integer from 1 to 100000, not 1.5\n"
            "--set: vapi.platform_key_file: must be a path, not empty");
}

TEST_F(ConfigLoad, BaseUrlTakesOnlyWhatTheClientUses) {
  for (const char* bad : {"https://u:hunter2@h", "https://h/?a=1", "https://h/#a", "https://",
                          "h:1", "https:///x", "api.vapi.ai"}) {
    sources.flags = {"vapi.base_url=" + std::string(bad)};
    const auto config = load(sources);
    EXPECT_NE(problems(config), "none") << bad;
    EXPECT_EQ(problems(config).find("hunter2"), std::string::npos);
  }
  for (const char* good : {"https://h", "http://[::1]:80", "http://127.0.0.1:1/x///"}) {
    sources.flags = {"vapi.base_url=" + std::string(good)};
    EXPECT_EQ(problems(load(sources)), "none") << good;
  }
}

TEST_F(ConfigLoad, LimitsOfARangeAreInside) {
  for (const char* good : {"database.pool=2", "database.pool=64", "vapi.rate_per_second=0"}) {
    sources.flags = {good};
    EXPECT_EQ(problems(load(sources)), "none") << good;
  }
  for (const char* bad : {"database.pool=1", "database.pool=65", "vapi.rate_per_second=-0.1",
                          "database.pool=99999999999999999999", "database.pool= 3"}) {
    sources.flags = {bad};
    EXPECT_NE(problems(load(sources)), "none") << bad;
  }
}

TEST_F(ConfigLoad, ALeaseHasRoomForTwoRequests) {
  sources.flags = {"retry.base_ms=5000"};
  const auto config = load_toml("[vapi]\nrequest_timeout_ms = 40000\n[retry]\nmax_ms = 4000\n");
  EXPECT_EQ(problems(config),
            "default: engine.lease_ms: must be at least 80000, twice vapi.request_timeout_ms "
            "(vapisync.toml:2), not 60000\n"
            "vapisync.toml:4: retry.max_ms: must be at least 5000, the value of retry.base_ms "
            "(--set), not 4000");
}

TEST_F(ConfigLoad, ValuesThatAreWrongThemselvesAreNotCompared) {
  const auto config = load_toml("[vapi]\nrequest_timeout_ms = 40000\n[engine]\nlease_ms = 'x'\n");
  EXPECT_EQ(problems(config),
            "vapisync.toml:4: engine.lease_ms: must be an integer from 20 to 3600000 "
            "milliseconds, not 'x'");
}

TEST_F(ConfigLoad, AnErrorNeverRepeatsAConnectionString) {
  for (const char* text :
       {"[database]\nurl = 'host=db password=hunter2 oops'\n",
        "[database]\nurl = 'postgres://u:hunter2@h/d?nonsense=hunter2'\n",
        "[database]\nurl = postgres://u:hunter2@h/d\n", "[database]\nurl = 'hunter2\n",
        "[database]\nurl = \"hunter2\\q\"\n", "[database]\nurl = ['hunter2']\n"}) {
    const std::string text_problems = problems(load_toml(text));
    EXPECT_NE(text_problems.find("vapisync.toml:2: "), std::string::npos) << text_problems;
    EXPECT_EQ(text_problems.find("hunter2"), std::string::npos) << text_problems;
  }
}

TEST_F(ConfigLoad, BrokenTomlNamesTheLineAndTheOtherSourcesAreStillChecked) {
  sources.flags = {"database.pool=1"};
  const std::string text = problems(load_toml("[database]\npool = 3\npool = 4\n"));
  EXPECT_TRUE(text.starts_with("vapisync.toml:3: ")) << text;
  EXPECT_NE(text.find("\n--set: database.pool: "), std::string::npos) << text;
  EXPECT_EQ(problems(load_toml("database = 3\n")),
            "vapisync.toml:1: database: must be a section, written [database]\n"
            "--set: database.pool: must be an integer from 2 to 64, not 1");
}

TEST_F(ConfigLoad, ANamedFileMustExistTheDefaultFileNeedNot) {
  EXPECT_EQ(problems(load(sources)), "none");
  sources.file = scratch.path("absent.toml");
  EXPECT_EQ(problems(load(sources)), "absent.toml: cannot be read: No such file or directory");
  sources.file.reset();
  sources.environment = {{"VAPISYNC_CONFIG", scratch.path("other.toml").string()}};
  EXPECT_EQ(problems(load(sources)), "other.toml: cannot be read: No such file or directory");
  sources.environment.clear();
  sources.default_file = scratch.path("");
  EXPECT_EQ(problems(load(sources)), ": is a directory, not a file");
}

TEST_F(ConfigLoad, TheFlagNamesTheFileBeforeTheVariableAndTheDefault) {
  sources.default_file = scratch.write("default.toml", "[database]\npool = 4\n");
  EXPECT_EQ(load(sources)->database.pool, 4);
  sources.environment = {
      {"VAPISYNC_CONFIG", scratch.write("variable.toml", "[database]\npool = 5\n").string()}};
  EXPECT_EQ(load(sources)->database.pool, 5);
  sources.file = scratch.write("flag.toml", "[database]\npool = 6\n");
  EXPECT_EQ(load(sources)->database.pool, 6);
}

TEST_F(ConfigLoad, RequireNamesAllThatIsMissing) {
  constexpr std::string_view keys[] = {"database.url", "vapi.platform_key_file"};
  const auto empty = load(sources);
  const auto missing = require(*empty, keys);
  ASSERT_TRUE(missing.has_error());
  EXPECT_EQ(missing.error().verdict, Verdict::invalid);
  EXPECT_EQ(missing.error().message,
            "database.url is not set: set url under [database] in the configuration file, or "
            "VAPISYNC_DATABASE_URL\n"
            "vapi.platform_key_file is not set: set platform_key_file under [vapi] in the "
            "configuration file, or VAPISYNC_VAPI_PLATFORM_KEY_FILE");
  sources.flags = {"database.url=host=db", "vapi.platform_key_file=/k"};
  EXPECT_TRUE(require(*load(sources), keys).has_value());
}

TEST(ConfigEnvironment, TakesOnlyOurVariables) {
  ::setenv("VAPISYNC_DATABASE_POOL", "9", 1);
  const auto environment = process_environment();
  ::unsetenv("VAPISYNC_DATABASE_POOL");
  ASSERT_TRUE(environment.contains("VAPISYNC_DATABASE_POOL"));
  EXPECT_EQ(environment.at("VAPISYNC_DATABASE_POOL"), "9");
  EXPECT_FALSE(environment.contains("PATH"));
}

TEST_F(ConfigLoad, AnAddressToListenOnIsHostAndPortOrOff) {
  EXPECT_EQ(load_toml("[http]\nlisten = \"[::1]:0\"")->http.listen, "[::1]:0");
  EXPECT_FALSE(load_toml("[http]\nlisten = \"off\"")->http.is_on());
  for (const auto* wrong : {"9470", ":9470", "localhost:", "localhost:70000", "localhost:x"}) {
    const auto config = load_toml(std::string("[http]\nlisten = \"") + wrong + "\"");
    EXPECT_NE(problems(config).find("http.listen: must be HOST:PORT"), std::string::npos) << wrong;
  }
}

TEST_F(ConfigLoad, WhatDiffersIsNamedAndCopiedOneByOne) {
  const auto before = load_toml("[database]\nurl = \"postgres://app:old@db/app\"");
  const auto after = load_toml(
      "[database]\nurl = \"postgres://app:new@db/app\"\n[vapi]\nburst = 9\n[log]\nlevel = "
      "\"debug\"");
  EXPECT_EQ(
      differing_keys(*before, *after),
      (std::vector<std::string>{"database.url", "database.listen_url", "vapi.burst", "log.level"}));
  Config mixed = *before;
  copy_key(mixed, *after, "vapi.burst");
  EXPECT_EQ(mixed.vapi.burst, 9);
  EXPECT_EQ(mixed.log.level, log::Level::info);
}

}  // namespace
}  // namespace vapisync::config
