// The unit under a real systemd: started when it is ready, reloaded, restarted when it hangs,
// stopped, and left alone when its configuration is wrong.
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>

#include "support/await.hpp"
#include "support/convergence.hpp"
#include "support/machine.hpp"
#include "support/operator.hpp"

namespace vapisync::test {
namespace {

constexpr auto settings_file = "/etc/vapisync/vapisync.toml";

struct Systemd : ::testing::Test {
  std::unique_ptr<OperatorStage> stage;
  std::unique_ptr<Machine> machine;

  void SetUp() override {
    if (const auto why = Machine::impossible(); !why.empty()) {
      if (std::getenv("TEST_EXPECT_SYSTEMD") != nullptr) FAIL() << why;
      GTEST_SKIP() << why;
    }
    stage = std::make_unique<OperatorStage>();
    machine = std::make_unique<Machine>();
    machine->write("/etc/credstore/vapisync.platform.key", "platform-key\n");
    machine->write("/etc/systemd/system/vapisync.service.d/soon.conf",
                   "[Service]\nWatchdogSec=3\nRestartSec=100ms\n");
    run({"systemctl", "daemon-reload"});
  }
  void run(std::vector<std::string> words) {
    const Ran ran = machine->run(std::move(words));
    EXPECT_EQ(ran.exit_code, 0) << ran.err << machine->journal();
  }
  void configure(const std::string& more = {}) {
    const auto port = stage->sql("SELECT current_setting('port')");
    const auto name = stage->sql("SELECT current_database()");
    machine->write(settings_file,
                   "database.url = \"postgresql://app_daemon@127.0.0.1:" + port + "/" + name +
                       "\"\nvapi.base_url = \"" + stage->sandbox.url() +
                       "\"\nvapi.platform_orgs = \"all\"\nhttp.listen = \"127.0.0.1:0\"\n" + more);
  }
  void expect_synced(const std::string& request) {
    stage->save("acme", request, R"({"inbound":{"name":")" + request + R"("}})");
    await_sql(stage->database.url(),
              "SELECT state FROM vapisync.saves WHERE request_id = '" + request + "'", "synced");
  }
};

TEST_F(Systemd, StartsReloadsRestartsWhatHangsAndStops) {
  configure();
  run({"systemctl", "start", "vapisync"});
  EXPECT_EQ(machine->property("ActiveState"), "active");
  EXPECT_EQ(machine->property("StatusText"), "ready") << machine->journal();
  const auto pid = machine->property("MainPID");
  const auto user = machine->run({"/bin/bash", "-c", "stat -c %u /proc/" + pid});
  EXPECT_GE(std::stoi(user.out), 61'184) << "a user of the moment";
  expect_synced("r1");
  const Ran doctor = machine->run({"/usr/bin/vapisync", "doctor"});
  EXPECT_TRUE(contains(doctor.out, "/etc/credstore/vapisync.platform.key")) << doctor.out;

  configure("log.level = \"debug\"\n");
  run({"systemctl", "reload", "vapisync"});
  EXPECT_EQ(machine->property("MainPID"), pid);
  expect_synced("r2");
  await("a line of debug", [this] { return contains(machine->journal(), "\"sync.sent\""); });

  run({"/bin/bash", "-c", "kill -STOP " + pid});
  await("a restart", [this] {
    return machine->property("NRestarts") == "1" && machine->property("ActiveState") == "active";
  });
  EXPECT_NE(machine->property("MainPID"), pid);
  expect_synced("r3");

  run({"systemctl", "stop", "vapisync"});
  EXPECT_EQ(machine->property("ActiveState"), "inactive");
  EXPECT_EQ(machine->property("Result"), "success");
  EXPECT_EQ(machine->property("ExecMainStatus"), "0");
  EXPECT_TRUE(contains(machine->journal(), "serve.stopped"));
}

TEST_F(Systemd, AWrongConfigurationIsNotStartedAgainAndADeadDaemonIs) {
  configure("vapi.brust = 3\n");
  EXPECT_NE(machine->run({"systemctl", "start", "vapisync"}).exit_code, 0);
  EXPECT_EQ(machine->property("ActiveState"), "failed");
  EXPECT_EQ(machine->property("ExecMainStatus"), "78");
  EXPECT_EQ(machine->property("NRestarts"), "0");
  EXPECT_TRUE(contains(machine->journal(), "vapi.brust")) << machine->journal();

  configure();
  run({"systemctl", "start", "vapisync"});
  run({"systemctl", "kill", "--signal=KILL", "vapisync"});
  await("a restart", [this] {
    return machine->property("NRestarts") == "1" && machine->property("ActiveState") == "active";
  });
  expect_synced("r1");
}

}  // namespace
}  // namespace vapisync::test
