// The operator's commands one by one: what a person reads, what a program reads, exit codes.
#include <filesystem>
#include <gtest/gtest.h>

#include "support/operator.hpp"

namespace vapisync::test {
namespace {

struct OperatorCommands : ::testing::Test {
  OperatorStage stage;
  std::unique_ptr<Process> daemon;

  void SetUp() override {
    std::filesystem::permissions(stage.key_file, std::filesystem::perms::owner_read);
  }
  void start() { daemon = stage.start_daemon(); }
  void sync(const std::string& request, const std::string& agents) {
    stage.save("acme", request, agents);
    daemon->await("sync.synced", of_request(request));
  }
};

using Doctor = OperatorCommands;

TEST_F(OperatorCommands, EveryVerbHelpsWithExamples) {
  for (const std::vector<std::string>& verb :
       std::vector<std::vector<std::string>>{{"status"},
                                             {"doctor"},
                                             {"why"},
                                             {"history"},
                                             {"saves", "show"},
                                             {"outbox", "list"},
                                             {"outbox", "show"},
                                             {"outbox", "replay"},
                                             {"outbox", "discard"},
                                             {"rollback"},
                                             {"org", "pause"},
                                             {"org", "resume"},
                                             {"retry"},
                                             {"prune"}}) {
    auto words = verb;
    words.insert(words.begin(), VAPISYNC_BINARY);
    words.emplace_back("--help");
    const Ran ran = run_program(words);
    EXPECT_EQ(ran.exit_code, 0) << verb.front();
    EXPECT_TRUE(contains(ran.out, "Examples:\n  vapisync " + verb.front())) << ran.out;
  }
}

TEST_F(OperatorCommands, WhatIsWrongOnTheCommandLineIsAnErrorThatNamesIt) {
  for (const auto& [words, part] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"outbox", "show", "12"}, "'12' is not an entry"},
           {{"outbox", "show", "12.x"}, "'12.x' is not an entry"},
           {{"outbox", "show", "12.3"}, "there is no entry 12.3"},
           {{"outbox", "replay", "12.3"}, "there is no entry 12.3"},
           {{"outbox", "list", "--since", "soon"}, "'soon' is not an age"},
           {{"outbox", "list", "--state", "synced"}, "--org"},
           {{"saves", "show", "nope"}, "nope"},
           {{"why", "inbound", "--org", "acme"}, "'inbound' is not a resource"},
           {{"why", "assistant/inbound", "--org", "acme"}, "org 'acme' has no assistant/inbound"},
           {{"retry", "assistant/inbound"}, "--org"},
           {{"org", "pause", "acme"}, "no org 'acme' is known"}}) {
    const Ran ran = stage.run(words);
    EXPECT_EQ(ran.exit_code, 1) << words.front();
    EXPECT_TRUE(contains(ran.err + ran.out, part)) << ran.err << ran.out;
    EXPECT_FALSE(contains(ran.err + ran.out, "CONTEXT")) << ran.err;
  }
  EXPECT_EQ(stage.run({"outbox", "list", "--state", "lost"}).exit_code, 1);
}

TEST_F(OperatorCommands, StatusAsJsonHasWhatTheTableHas) {
  start();
  sync("r1", R"({"inbound":{}})");
  const auto status = stage.run_json({"status"});
  EXPECT_TRUE(json::find(status, "healthy")->GetBool()) << json::to_text(status);
  EXPECT_TRUE(json::find(status, "problems")->Empty());
  ASSERT_EQ(json::find(status, "daemons")->Size(), 1U);
  const auto* report = json::find((*json::find(status, "daemons"))[0], "report");
  ASSERT_NE(report, nullptr);
  for (const char* key : {"syncedPerSecond", "inFlight", "breakersOpen", "breakersHalfOpen"}) {
    EXPECT_NE(json::find(*report, key), nullptr) << key;
  }
  for (const char* key : {"unconverged", "oldest", "keys", "orgsPaused", "leftovers", "horizon"}) {
    EXPECT_NE(json::find(status, key), nullptr) << key;
  }
}

TEST_F(OperatorCommands, StatusTellsWhatIsOverdueAndWhoHoldsTheHorizon) {
  stage.save("acme", "r1", R"({"inbound":{}})");
  stage.sql("UPDATE vapisync.outbox SET created_at = now() - interval '2 hours'");
  auto application = stage.database.connect("app_writer");
  pqxx::work old(application);
  old.exec(save_agents("slow", "s1", R"({"inbound":{}})"));
  const auto status = stage.run_json({"status"});
  EXPECT_EQ(json::text_or(*json::find(status, "oldest"), "resource", ""), "assistant/inbound");
  EXPECT_GE(json::int_or(*json::find(status, "oldest"), "ageSeconds", 0), 7'200);
  const auto text = json::to_text(status);
  EXPECT_TRUE(contains(text, R"("code":"overdue")")) << text;
  EXPECT_TRUE(contains(text, "vapisync why assistant/inbound --org acme")) << text;
  EXPECT_TRUE(contains(text, std::to_string(application.backendpid()) + " app_writer")) << text;
}

TEST_F(OperatorCommands, ShowHasAskPayloadDifferencesAndEveryFailedAttempt) {
  start();
  sync("r1", R"({"inbound":{"name":"One"}})");
  stage.refuse_voice("Nico");
  stage.hold("h", R"({"inbound":{"voice":"Nico"}})");
  daemon->await("sync.rejected");
  const auto id = stage.entry_of("h", "inbound");
  const Ran shown = stage.run({"outbox", "show", id});
  for (const char* part : {"state     failed", "voice.voiceId: \"Elliot\" -> \"Nico\"",
                           "failed attempts", "http_400", "\nask\n", "\npayload\n"}) {
    EXPECT_TRUE(contains(shown.out, part)) << part << shown.out;
  }
  const auto entry = stage.run_json({"outbox", "show", id});
  EXPECT_EQ(json::find(entry, "attempts")->Size(), 1U);
  EXPECT_EQ(json::text_or(*json::find(entry, "ask"), "voice", ""), "Nico");
  EXPECT_EQ(json::find(entry, "differences")->Size(), 1U);
}

TEST_F(OperatorCommands, WhyTellsWhoSavedWhatWasCoalescedAndWhatComesNext) {
  start();
  sync("r1", R"({"inbound":{"name":"One"}})");
  stage.run({"org", "pause", "acme"});
  for (const char* request : {"r2", "r3", "r4"}) {
    stage.save("acme", request, R"({"inbound":{"name":"More"}})");
  }
  const auto why = stage.run_json({"why", "assistant/inbound", "--org", "acme"});
  EXPECT_EQ(json::text_or(why, "state", ""), "due");
  EXPECT_EQ(json::find(why, "pending")->Size(), 3U);
  EXPECT_EQ(json::to_text(*json::find(why, "coalesced")), "[2,3]");
  EXPECT_EQ(json::text_or(*json::find(why, "wanted"), "actor", ""), "postgres");
  stage.run({"org", "resume", "acme"});
  daemon->await("sync.synced", of_request("r4"));
  const Ran done = stage.run({"why", "assistant/inbound", "--org", "acme"});
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_TRUE(contains(done.out, "coalesced  v2, v3")) << done.out;
  EXPECT_TRUE(contains(done.out, "nothing: Vapi has what is wanted")) << done.out;
}

TEST_F(OperatorCommands, WhyTellsTheNextTryOfWhatFails) {
  start();
  stage.sandbox.set_faults(R"([{"answer":{"status":503}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"One"}})");
  daemon->await("sync.retry");
  const auto why = stage.run_json({"why", "assistant/inbound", "--org", "acme"});
  EXPECT_FALSE(json::find(why, "attempts")->Empty()) << json::to_text(why);
  EXPECT_FALSE(json::find(why, "waitsFor")->Empty()) << json::to_text(why);
  EXPECT_FALSE(json::text_or(*json::find(why, "next"), "what", "").empty());
}

TEST_F(OperatorCommands, ASaveIsFoundByItsNameInEveryOrg) {
  stage.save("acme", "same", R"({"inbound":{}})");
  stage.save("bolt", "same", R"({"inbound":{},"outbound":{}})");
  EXPECT_EQ(stage.run_json({"saves", "show", "same"}).Size(), 2U);
  const auto one = stage.run_json({"saves", "show", "same", "--org", "bolt"});
  ASSERT_EQ(one.Size(), 1U);
  EXPECT_EQ(json::find(one[0], "entries")->Size(), 2U);
  EXPECT_TRUE(contains(stage.run({"saves", "show", "same"}).out, "0 of 2 done"));
}

TEST_F(OperatorCommands, PruneSaysWhatWouldGoAndThenItGoes) {
  start();
  sync("r1", R"({"inbound":{"name":"One"}})");
  sync("r2", R"({"inbound":{"name":"Two"}})");
  EXPECT_EQ(stage.run({"prune", "--dry-run"}).exit_code, 0);
  for (const char* statement :
       {"UPDATE vapisync.outbox SET created_at = now() - interval '40 days'",
        "UPDATE vapisync.saves SET finished_at = now() - interval '40 days'"}) {
    stage.sql(statement);
  }
  const Ran dry = stage.run({"prune", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 2);
  EXPECT_TRUE(contains(dry.out, "to go: 1 entry")) << dry.out;
  EXPECT_EQ(stage.run({"prune", "--days", "50"}).out,
            "older than 50 days and gone now: 0 entries, 0 attempts, 0 saves\n");
  const auto done = stage.run_json({"prune"});
  EXPECT_EQ(json::int_or(done, "entries", 0), 1);
  EXPECT_EQ(json::int_or(done, "saves", 0), 1);
  EXPECT_EQ(stage.run({"saves", "show", "r1"}).exit_code, 1);
  EXPECT_EQ(stage.run({"saves", "show", "r2"}).exit_code, 0);
}

std::string health_of(const json::Document& answer, const std::string& check) {
  std::string worst = "none";
  for (const auto& finding : json::find(answer, "findings")->GetArray()) {
    if (json::text_or(finding, "check", "") != check) continue;
    const std::string health(json::text_or(finding, "health", ""));
    if (worst != "problem" && (worst == "none" || health != "ok")) worst = health;
  }
  return worst;
}

TEST_F(Doctor, IsContentWithAnInstallationThatWorks) {
  start();
  sync("r1", R"({"inbound":{}})");
  const Ran ran = stage.run({"doctor"});
  EXPECT_EQ(ran.exit_code, 0) << ran.out;
  const auto answer = stage.run_json({"doctor"});
  for (const char* check : {"files", "schema", "identity", "connection", "listen", "doorbell",
                            "clock", "ids", "daemon", "vapi", "tls", "key"}) {
    EXPECT_EQ(health_of(answer, check), "ok") << check << "\n" << ran.out;
  }
}

TEST_F(Doctor, NamesARefusedKeyAndAnOpenFile) {
  std::filesystem::permissions(stage.key_file, std::filesystem::perms::others_read,
                               std::filesystem::perm_options::add);
  stage.sandbox.set_faults(R"([{"match":{"key":"platform-key"},"answer":{"status":401}}])");
  const Ran ran = stage.run({"doctor"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_TRUE(contains(ran.out, "chmod o-rw,g-w " + stage.key_file)) << ran.out;
  EXPECT_TRUE(contains(ran.out, "the platform's: ")) << ran.out;
  EXPECT_FALSE(contains(ran.out, "platform-key\n")) << ran.out;
}

TEST_F(Doctor, SaysThatVapiOrTheDatabaseIsAwayAndGoesOn) {
  const std::string nobody = "vapi.base_url=http://127.0.0.1:1";
  const Ran vapi =
      run_program({VAPISYNC_BINARY, "doctor", "--json", "--set",
                   "database.url=" + stage.database.url("app_daemon"), "--set", nobody});
  EXPECT_EQ(vapi.exit_code, 2);
  EXPECT_EQ(health_of(json::parse(vapi.out).value(), "ids"), "ok");
  EXPECT_EQ(health_of(json::parse(vapi.out).value(), "vapi"), "problem");
  const Ran database =
      run_program({VAPISYNC_BINARY, "doctor", "--json", "--set",
                   "database.url=postgresql://x@/x?host=/nonexistent", "--set", nobody});
  EXPECT_EQ(database.exit_code, 2);
  const auto answer = json::parse(database.out).value();
  EXPECT_EQ(health_of(answer, "database"), "problem");
  EXPECT_EQ(health_of(answer, "vapi"), "problem");
}

TEST_F(Doctor, FindsABrokenDoorbellAndRowsThatDisagree) {
  stage.save("acme", "r1", R"({"inbound":{}})");
  stage.sql("ALTER TABLE vapisync.outbox DISABLE TRIGGER ring");
  stage.sql("DELETE FROM vapisync.work");
  const auto answer = stage.run_json({"doctor"});
  EXPECT_EQ(health_of(answer, "doorbell"), "problem");
  EXPECT_EQ(health_of(answer, "ids"), "problem");
  EXPECT_EQ(health_of(answer, "listen"), "ok");
}

}  // namespace
}  // namespace vapisync::test
