// Vapi keys of orgs: tested, sealed, changed, and the platform's, which an operator grants.
#include <csignal>
#include <fstream>
#include <gtest/gtest.h>

#include "support/convergence.hpp"
#include "support/stage.hpp"

namespace vapisync::test {
namespace {

struct Workspace : ::testing::Test {
  Workspace() {
    sealing_file = stage.key_file + ".seal";
    const Ran made = run_program({VAPISYNC_BINARY, "keygen"});
    EXPECT_EQ(made.exit_code, 0);
    std::ofstream(sealing_file) << made.out;
  }

  Ran run(const std::string& arguments, const std::string& input = "") const {
    const std::string command = "printf '%s' '" + input + "' | '" VAPISYNC_BINARY "' " + arguments +
                                " --set 'database.url=" + stage.database.url("app_daemon") +
                                "' --set 'vapi.base_url=" + stage.sandbox.url() +
                                "' --set 'secrets.key_file=" + sealing_file + "'";
    return run_program({"/bin/sh", "-c", command});
  }
  std::unique_ptr<Process> start() {
    return stage.start_daemon({"vapi.platform_orgs=granted", "secrets.key_file=" + sealing_file});
  }
  /// The accounts in the sandbox that hold assistants.
  int accounts_with_assistants() {
    const auto state = stage.sandbox.state();
    int count = 0;
    for (const auto& account : json::find(state, "accounts")->GetArray()) {
      if (!json::find(account, "assistants")->Empty()) ++count;
    }
    return count;
  }

  Stage stage;
  std::string sealing_file;
};

TEST_F(Workspace, AnOrgWithoutAKeyWaitsUntilItGetsOne) {
  const auto daemon = start();
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  const auto told = daemon->await("org.no_key");
  EXPECT_EQ(json::text_or(told, "org", ""), "acme");
  stage.save("bolt", "r2", R"({"inbound":{"name":"Desk"}})");
  const Ran set = run("workspace set bolt", "key-of-bolt");
  ASSERT_EQ(set.exit_code, 0) << set.err;
  daemon->await("sync.synced", of_request("r2"));
  EXPECT_EQ(stage.sql("SELECT state FROM vapisync.saves WHERE request_id = 'r1'"), "pending");
  ASSERT_EQ(run("workspace set acme", "key-of-acme").exit_code, 0);
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(accounts_with_assistants(), 2);
}

TEST_F(Workspace, AKeyIsStoredSealedAndShownByItsFingerprint) {
  ASSERT_EQ(run("workspace set acme", "key-of-acme-0123").exit_code, 0);
  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.credentials c"
                      " WHERE c::text LIKE '%key-of-acme%'"),
            "0");
  EXPECT_EQ(stage.sql("SELECT key_sealed LIKE 'vs1:%' FROM vapisync.credentials"), "t");
  const Ran shown = run("workspace show acme");
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_NE(shown.out.find("its own, fingerprint"), std::string::npos) << shown.out;
  EXPECT_EQ(shown.out.find("key-of-acme"), std::string::npos);
  const auto json_shown = json::parse(run("workspace show acme --json").out).value();
  EXPECT_FALSE(json::find(json_shown, "platform")->GetBool());
}

TEST_F(Workspace, AKeyThatVapiRefusesChangesNothing) {
  const Ran refused = run("workspace set acme", "invalid-key-987");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("401"), std::string::npos) << refused.err;
  EXPECT_EQ(refused.err.find("invalid-key-987"), std::string::npos);
  EXPECT_EQ(stage.sql("SELECT count(*) FROM vapisync.credentials"), "0");
  EXPECT_EQ(run("workspace set acme", "").exit_code, 1);
  EXPECT_EQ(run("workspace show acme").exit_code, 1) << "no such org yet";
}

TEST_F(Workspace, ANewKeyOfTheSameAccountKeepsTheAssistant) {
  const auto daemon = start();
  ASSERT_EQ(run("workspace set acme", "acme~1").exit_code, 0);
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r1"));
  const auto id = stage.assistant_id("acme", "inbound");
  ASSERT_EQ(run("workspace set acme", "acme~2").exit_code, 0);
  stage.save("acme", "r2", R"({"inbound":{"name":"Desk 2"}})");
  daemon->await("sync.synced", of_request("r2"));
  EXPECT_EQ(stage.assistant_id("acme", "inbound"), id);
  EXPECT_EQ(stage.sandbox.assistants(), 1);
}

TEST_F(Workspace, AnAssistantThatIsGoneDoesNotMakeItAnotherAccount) {
  const auto daemon = start();
  ASSERT_EQ(run("workspace set acme", "acme~1").exit_code, 0);
  stage.save("acme", "r1", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
  daemon->await("sync.synced", of_request("r1"));
  daemon->await("sync.synced", of_request("r1"));
  stage.sandbox.remove(stage.assistant_id("acme", "inbound"));
  const auto kept = stage.assistant_id("acme", "outbound");
  const Ran changed = run("workspace set acme", "acme~2");
  ASSERT_EQ(changed.exit_code, 0) << changed.err;
  EXPECT_EQ(changed.out.find("another account"), std::string::npos) << changed.out;
  EXPECT_EQ(stage.assistant_id("acme", "outbound"), kept);
}

TEST_F(Workspace, AKeyOfAnotherAccountMakesTheAgentsAnewAndListsTheOldOnes) {
  const auto daemon = start();
  ASSERT_EQ(run("workspace set acme", "old-account").exit_code, 0);
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("r1"));
  const auto old_id = stage.assistant_id("acme", "inbound");
  const Ran moved = run("workspace set acme", "new-account");
  ASSERT_EQ(moved.exit_code, 0) << moved.err;
  EXPECT_NE(moved.out.find("another account"), std::string::npos) << moved.out;
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_NE(stage.assistant_id("acme", "inbound"), old_id);
  EXPECT_EQ(stage.sql("SELECT remote_id || ' ' || reason FROM vapisync.leftovers"),
            old_id + " other_account");
  EXPECT_EQ(accounts_with_assistants(), 2) << "what lies in the old account is its owner's";
}

TEST_F(Workspace, ThePlatformKeyIsForThoseAnOperatorNamed) {
  EXPECT_EQ(run("workspace set acme --platform").exit_code, 1) << "there is none yet";
  const auto daemon = start();
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  stage.save("bolt", "r2", R"({"inbound":{"name":"Desk"}})");
  ASSERT_EQ(run("workspace set acme --platform").exit_code, 0);
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(stage.sql("SELECT state FROM vapisync.saves WHERE request_id = 'r2'"), "pending");
}

TEST_F(Workspace, OneOrgsRefusedKeyDelaysNobodyElse) {
  const auto daemon = start();
  ASSERT_EQ(run("workspace set good", "key-of-good").exit_code, 0);
  ASSERT_EQ(run("workspace set bad", "key-of-bad").exit_code, 0);
  stage.sandbox.set_faults(R"([{"match":{"key":"key-of-bad"},"answer":{"status":401}}])");
  stage.save("bad", "b1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("credential.refused");
  stage.save("good", "g1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("sync.synced", of_request("g1"));
  EXPECT_EQ(stage.sql("SELECT attempts FROM vapisync.work"), "0");
}

TEST_F(Workspace, ANewKeyInThePlaceOfARefusedOneMakesStatusHealthyAgain) {
  const auto daemon = start();
  ASSERT_EQ(run("workspace set acme", "acme~1").exit_code, 0);
  stage.sandbox.set_faults(R"([{"match":{"key":"acme~1"},"answer":{"status":401}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  daemon->await("credential.refused");
  await_sql(stage.database.url(),
            "SELECT count(*) FROM vapisync.credentials WHERE state = 'paused'", "1");
  EXPECT_EQ(run("status").exit_code, 2);
  ASSERT_EQ(run("workspace set acme", "acme~2").exit_code, 0);
  daemon->await("sync.synced", of_request("r1"));
  const Ran status = run("status");
  EXPECT_EQ(status.exit_code, 0) << status.out;
}

TEST_F(Workspace, APauseEndsWithTheFirstSuccessOfWhicheverProcess) {
  auto daemon = start();
  ASSERT_EQ(run("workspace set acme", "acme~1").exit_code, 0);
  stage.sandbox.set_faults(R"([{"answer":{"status":401}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  const std::string state = "SELECT state FROM vapisync.credentials WHERE NOT platform";
  await_sql(stage.database.url(), state, "paused");
  daemon->signal(SIGKILL);
  daemon->wait();
  stage.sandbox.clear_faults();
  stage.sql("UPDATE vapisync.credentials SET paused_until = now() - interval '1 second'");
  daemon = start();
  daemon->await("sync.synced", of_request("r1"));
  await_sql(stage.database.url(), state, "active");
}

TEST_F(Workspace, ABoxThatWasCopiedIntoAnotherRowIsRefused) {
  ASSERT_EQ(run("workspace set acme", "key-of-acme").exit_code, 0);
  ASSERT_EQ(run("workspace set thief", "key-of-thief").exit_code, 0);
  stage.sql(
      "UPDATE vapisync.credentials SET key_sealed ="
      " (SELECT c.key_sealed FROM vapisync.credentials c JOIN vapisync.orgs o"
      "   USING (credential_id) WHERE o.org_id = 'acme')"
      " WHERE credential_id = (SELECT credential_id FROM vapisync.orgs WHERE org_id = 'thief')");
  const auto daemon = start();
  stage.save("thief", "t1", R"({"inbound":{"name":"Desk"}})");
  const auto refused = daemon->await("credential.unusable");
  EXPECT_EQ(json::text_or(refused, "code", ""), "not_openable");
  EXPECT_EQ(stage.sandbox.assistants(), 0);
}

}  // namespace
}  // namespace vapisync::test
