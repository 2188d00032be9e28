// What systemd is told, and what a HUP changes, with real daemons and a hand-made notify socket.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>

#include "support/notify_socket.hpp"
#include "support/operator.hpp"

namespace vapisync::test {
namespace {

using std::chrono::seconds;

/// A daemon whose settings lie in a file.
struct Reload : ::testing::Test {
  OperatorStage stage;
  NotifySocket systemd{stage.path("notify")};
  std::map<std::string, std::string> settings;
  std::unique_ptr<Process> daemon;

  void SetUp() override {
    for (const auto& setting : stage.settings()) {
      const size_t equals = setting.find('=');
      settings[setting.substr(0, equals)] = setting.substr(equals + 1);
    }
    settings["log.level"] = "info";
  }
  void write_settings(const std::string& more = {}) {
    std::ofstream file(stage.path("vapisync.toml"));
    for (const auto& [name, value] : settings) {
      const bool is_number = value.find_first_not_of("0123456789.") == std::string::npos;
      file << name << " = " << (is_number ? value : '"' + value + '"') << "\n";
    }
    file << more;
  }
  void launch(std::vector<std::string> environment = {}) {
    write_settings();
    environment.insert(environment.begin(), "/usr/bin/env");
    environment.push_back(systemd.variable());
    environment.insert(environment.end(),
                       {VAPISYNC_BINARY, "serve", "--config", stage.path("vapisync.toml")});
    daemon = std::make_unique<Process>(std::move(environment));
  }
  void start() {
    launch();
    daemon->await("serve.ready");
  }
};

TEST_F(Reload, SystemdIsToldOfTheStartOfTroubleAndOfTheEnd) {
  start();
  systemd.await("STATUS=ready");
  systemd.await("READY=1");
  stage.sandbox.set_faults(R"([{"answer":{"status":401}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"In"}})");
  systemd.await("STATUS=ready; degraded: 1 credentials are paused");
  daemon->signal(SIGTERM);
  systemd.await("STOPPING=1");
  EXPECT_EQ(daemon->wait(), 0);
}

TEST_F(Reload, ADaemonWithoutItsDatabaseIsNotReadyForSystemd) {
  settings["database.url"] = "postgresql://app@/x?host=/nonexistent";
  launch();
  daemon->await("serve.waiting");
  const auto told = systemd.await("STATUS=not ready: it has not started: ");
  EXPECT_FALSE(systemd.hears("READY=1", std::chrono::milliseconds(300)));
  daemon->signal(SIGTERM);
  EXPECT_EQ(daemon->wait(), 0);
}

TEST_F(Reload, LogLevelAndLimitsChangeWhileItWorks) {
  settings["vapi.rate_per_second"] = "0.001";
  settings["vapi.burst"] = "1";
  start();
  systemd.await("READY=1");
  stage.save("acme", "r1", R"({"inbound":{"name":"In"}})");
  daemon->await("sync.synced", of_request("r1"));
  stage.save("acme", "r2", R"({"inbound":{"name":"Waits for a token"}})");
  settings["vapi.rate_per_second"] = "0";
  settings["log.level"] = "debug";
  settings["vapi.request_timeout_ms"] = "900";
  write_settings();
  daemon->signal(SIGHUP);
  const auto reloaded = daemon->await("serve.reloaded");
  EXPECT_EQ(json::text_or(reloaded, "changed", ""), "vapi.rate_per_second log.level");
  const auto left = daemon->await("serve.reload_needs_restart");
  EXPECT_EQ(json::text_or(left, "keys", ""), "vapi.request_timeout_ms");
  EXPECT_TRUE(contains(systemd.await("RELOADING=1"), "MONOTONIC_USEC="));
  systemd.await("READY=1");
  daemon->await("sync.sent", of_request("r2"));
  daemon->await("sync.synced", of_request("r2"));
}

TEST_F(Reload, ABrokenConfigurationIsRefusedByNameAndChangesNothing) {
  start();
  systemd.await("READY=1");
  write_settings("vapi.brust = 3\n");
  daemon->signal(SIGHUP);
  const auto refused = daemon->await("serve.reload_refused");
  EXPECT_TRUE(contains(std::string(json::text_or(refused, "message", "")), "vapi.brust"));
  systemd.await("RELOADING=1");
  systemd.await("READY=1");
  stage.save("acme", "r1", R"({"inbound":{"name":"In"}})");
  daemon->await("sync.synced", of_request("r1"));
  std::filesystem::remove(stage.path("vapisync.toml"));
  daemon->signal(SIGHUP);
  daemon->await("serve.reload_refused");
  write_settings();
  daemon->signal(SIGHUP);
  daemon->await("serve.reloaded");
}

TEST_F(Reload, SecretsComeFromSystemdsCredentialsUnlessTheSettingsNameFiles) {
  std::filesystem::create_directory(stage.path("credentials"));
  std::ofstream(stage.path("credentials/platform.key")) << "invalid-key-0123456789\n";
  settings.erase("vapi.platform_key_file");
  launch({"CREDENTIALS_DIRECTORY=" + stage.path("credentials")});
  daemon->await("serve.ready");
  stage.save("acme", "r1", R"({"inbound":{"name":"In"}})");
  daemon->await("credential.refused");
  settings["vapi.platform_key_file"] = stage.key_file;
  launch({"CREDENTIALS_DIRECTORY=" + stage.path("credentials")});
  daemon->await("sync.synced", of_request("r1"));
}

}  // namespace
}  // namespace vapisync::test
