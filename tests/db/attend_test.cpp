// Rolling an agent back to an earlier version, pausing an org, and having something tried now.
#include "support/judge.hpp"

namespace vapisync::test {
namespace {

struct Attend : Judge {
  pqxx::connection daemon = database.connect("app_daemon");

  void SetUp() override {
    save_and_accept("r0", R"({"inbound":{"name":"One"},"outbound":{"name":"Out"}})");
  }
  static std::string rollback_call(int version, bool dry_run = false) {
    return "SELECT a ->> 'status' FROM vapisync.rollback_to('acme', 'assistant', 'inbound', " +
           std::to_string(version) + ", " + (dry_run ? "true" : "false") + ", 'ann@desk') a";
  }
  std::string rollback(int version, bool dry_run = false) {
    return value(daemon, rollback_call(version, dry_run));
  }
  std::string retry(const std::string& key, bool dry_run = false) {
    return value(daemon,
                 "SELECT a ->> 'found' || ' ' || (a ->> 'touched')"
                 " FROM vapisync.retry('acme', 'assistant', " +
                     key + ", 0, 100, " + (dry_run ? "true" : "false") + ", 'ann@desk') a");
  }
  std::string pause(const std::string& org, bool paused) {
    return value(daemon, "SELECT vapisync.pause_org('" + org + "', " + (paused ? "true" : "false") +
                             ", 'why not', 'ann@desk') ->> 'changed'");
  }
};

TEST_F(Attend, ARollbackIsANewVersionWithTheEarlierDocument) {
  save_and_accept("r1", R"({"inbound":{"name":"Two","firstMessage":"Hi"}})");
  EXPECT_EQ(rollback(1, true), "would_want");
  EXPECT_EQ(wanted("inbound", "name"), "Two");
  EXPECT_EQ(rollback(1), "wanted");
  EXPECT_EQ(sql("SELECT o.version || o.cause || s.actor || coalesce(o.ask::text, '')"
                " FROM vapisync.outbox o JOIN vapisync.saves s USING (save_id)"
                " ORDER BY o.created_at DESC LIMIT 1"),
            "3revertann@desk");
  accept_the_rest();
  EXPECT_EQ(in_vapi("inbound", "name"), "One");
  EXPECT_EQ(rollback(1), "same");
  EXPECT_EQ(sql("SELECT max(version) FROM vapisync.outbox"), "3");
}

TEST_F(Attend, ARollbackThatVapiRefusesIsUndone) {
  save_and_accept("r1", R"({"inbound":{"name":"Two"}})");
  rollback(1);
  claim();
  refuse("inbound", "name");
  accept_the_rest();
  EXPECT_EQ(in_vapi("inbound", "name"), "Two");
  EXPECT_EQ(wanted("inbound", "name"), "Two");
}

TEST_F(Attend, ARollbackToWhatIsNotThereOrIsADeleteIsRefused) {
  EXPECT_EQ(refusal(daemon, rollback_call(7)).sqlstate, "PT404");
  value(app, "SELECT vapisync.delete_resource('acme', 'assistant', 'inbound', 'gone')");
  save("back", R"({"inbound":{"name":"Three"}})");
  EXPECT_EQ(refusal(daemon, rollback_call(2)).sqlstate, "PT409");
  accept_the_rest();
}

TEST_F(Attend, AnOrgIsPausedOnceAndResumedOnce) {
  EXPECT_EQ(pause("acme", true), "true");
  EXPECT_EQ(pause("acme", true), "false");
  save("r1", R"({"inbound":{"name":"Two"}})");
  EXPECT_TRUE(engine.sweep().front().paused);
  EXPECT_EQ(pause("acme", false), "true");
  EXPECT_FALSE(engine.sweep().front().paused);
  EXPECT_EQ(sql("SELECT string_agg(action || ' ' || org_id, ', ' ORDER BY operation_id)"
                " FROM vapisync.operations"),
            "pause acme, resume acme");
  EXPECT_EQ(refusal(daemon, "SELECT vapisync.pause_org('nobody', true, NULL, 'ann')").sqlstate,
            "PT404");
  accept_the_rest();
}

TEST_F(Attend, RetryMakesDueWhatWaitsAndWhatIsBlocked) {
  hold("h", R"({"inbound":{"voice":"bad"},"outbound":{"name":"New"}})");
  claim();
  refuse("inbound", "voice");
  auto later = failed(*claimed.at("outbound"), db::Outcome::retry);
  later.delay = Milliseconds{3'600'000};
  later.burn = true;
  engine.settle(later);
  EXPECT_TRUE(engine.sweep().empty());

  EXPECT_EQ(retry("NULL", true), "2 0");
  EXPECT_TRUE(engine.sweep().empty());
  EXPECT_EQ(retry("'outbound'"), "1 1");
  EXPECT_EQ(retry("'inbound'"), "1 1");
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.work WHERE due_at <= now() AND attempts = 0"), "2");
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.resources WHERE last_error IS NOT NULL"), "0");
  EXPECT_EQ(sql("SELECT max(version) FROM vapisync.outbox"), "2") << "a touch is no version";
  accept_the_rest();
  EXPECT_EQ(in_vapi("inbound", "voice,voiceId"), "bad");
}

TEST_F(Attend, RetryLeavesAloneWhatIsBeingSentAndWhatAWriterHolds) {
  save("r1", R"({"inbound":{"name":"Two"}})");
  claim();
  save("r2", R"({"outbound":{"name":"Two"}})");
  pqxx::work open(app);
  open.exec(save_agents("acme", "r3", R"({"outbound":{"name":"Three"}})"));
  EXPECT_EQ(retry("NULL"), "1 0");
  open.commit();
  EXPECT_EQ(accept("inbound").due_now, false);
  accept_the_rest();
}

TEST_F(Attend, RetryWakesNoCreateThatMayStillLand) {
  save("n", R"({"inbound":{"name":"New"}})");
  sql("UPDATE vapisync.resources SET remote_id = NULL, live_version = 0 WHERE key = 'inbound'");
  sql("UPDATE vapisync.work SET open_until = now(), due_at = now() + interval '1 hour'");
  retry("'inbound'");
  EXPECT_EQ(sql("SELECT due_at > now() FROM vapisync.work"), "t");
  sql("UPDATE vapisync.work SET open_until = NULL, due_at = now()");
  accept_the_rest();
}

TEST_F(Attend, OnlyTheDaemonsRoleMayDoAnyOfThis) {
  for (const char* call :
       {"replay(1, 1, false, false, true, 'x')", "discard(1, 1, true, 'x')",
        "rollback_to('acme', 'assistant', 'inbound', 1, true, 'x')",
        "pause_org('acme', true, NULL, 'x')", "retry(NULL, NULL, NULL, 0, 1, true, 'x')",
        "end_pauses(NULL, 'x')", "prune('1 day', 0, 1, true)",
        "write_save('acme', 'x', '[]', 'hold', 'changes', 'replay', 'somebody')"}) {
    EXPECT_EQ(refusal(app, std::string("SELECT vapisync.") + call).sqlstate, not_allowed) << call;
  }
  EXPECT_EQ(refusal(app, "SELECT * FROM vapisync.operations").sqlstate, not_allowed);
}

}  // namespace
}  // namespace vapisync::test
