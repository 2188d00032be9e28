// The verbs of the binary as an operator types them.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/stage.hpp"

namespace vapisync::test {
namespace {

Ran vapisync(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), VAPISYNC_BINARY);
  return run_program(arguments);
}

TEST(Commands, MigrateStatusSaysWhatIsPendingAndUpBringsIt) {
  const TestDatabase database(Contents::empty);
  const std::string url = "database.url=" + database.url();
  const Ran before = vapisync({"migrate", "status", "--set", url});
  EXPECT_EQ(before.exit_code, 2);
  EXPECT_NE(before.out.find("tables"), std::string::npos) << before.out;

  EXPECT_EQ(vapisync({"migrate", "up", "--set", url}).exit_code, 0);
  const Ran again = vapisync({"migrate", "up", "--set", url, "--json"});
  EXPECT_EQ(again.exit_code, 0);
  const auto answer = json::parse(again.out).value();
  EXPECT_TRUE(json::find(answer, "pending")->Empty()) << again.out;
  EXPECT_EQ(vapisync({"migrate", "status", "--set", url}).exit_code, 0);
}

TEST(Commands, TheMigrationScriptRunsInPsqlAndLeavesNothingPending) {
  const TestDatabase database(Contents::empty);
  const Ran script = vapisync({"migrate", "sql"});
  ASSERT_EQ(script.exit_code, 0);
  const std::string file =
      ::testing::TempDir() + "vapisync-migration-" + std::to_string(getpid()) + ".sql";
  std::ofstream(file) << script.out;
  const Ran psql = run_program({"/usr/bin/psql", "-X", "-q", database.url(), "-f", file});
  std::filesystem::remove(file);
  EXPECT_EQ(psql.exit_code, 0) << psql.err;
  EXPECT_EQ(vapisync({"migrate", "status", "--set", "database.url=" + database.url()}).exit_code,
            0);
}

TEST(Commands, AnUnknownCommandIsNamed) {
  const Ran ran = vapisync({"sevre"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.err.find("sevre"), std::string::npos) << ran.err;
  EXPECT_EQ(vapisync({"migrate", "upp"}).exit_code, 1);
  EXPECT_EQ(vapisync({"--help"}).exit_code, 0);
}

TEST(Commands, ADatabaseThatIsNotThereIsAnErrorWithItsReason) {
  const Ran ran = vapisync(
      {"migrate", "status", "--json", "--set", "database.url=postgresql://x@/x?host=/nonexistent"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.err.find(R"("code":"db_connection")"), std::string::npos) << ran.err;
}

TEST(Commands, ConfigShowPrintsWhatIsInForceWithoutSecrets) {
  const Ran ran = vapisync({"config", "show", "--set", "database.url=postgres://u:s3cret@db/app",
                            "--set", "engine.batch=17"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out.find("s3cret"), std::string::npos);
  EXPECT_NE(ran.out.find("batch = 17"), std::string::npos) << ran.out;
}

TEST(Commands, ConfigCheckNamesWhatIsMissing) {
  const Ran ran = vapisync({"config", "check"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.err.find("database.url"), std::string::npos) << ran.err;
  const Ran no_file = vapisync({"config", "check", "--set", "database.url=host=/x", "--set",
                                "secrets.key_file=/nonexistent/keys"});
  EXPECT_EQ(no_file.exit_code, 1);
  EXPECT_NE(no_file.err.find("/nonexistent/keys"), std::string::npos) << no_file.err;
}

TEST(Commands, ASandboxOnAnAddressThatIsTakenSaysSo) {
  SandboxProcess first;
  const std::string address = first.url().substr(std::string("http://").size());
  const Ran ran = vapisync({"sandbox", "--listen", address});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.err.find(address), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace vapisync::test
