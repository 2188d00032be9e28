// What an operator does with a save that failed: replay it, or give it up.
#include <thread>

#include "support/judge.hpp"

namespace vapisync::test {
namespace {

struct Replay : Judge {
  pqxx::connection daemon = database.connect("app_daemon");

  void SetUp() override {
    save_and_accept("r0", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
    hold("h", R"({"inbound":{"voice":"bad"},"outbound":{"name":"New"}})");
    claim();
    refuse("inbound", "voice");
    accept("outbound");
  }
  /// The entry of this resource in a save.
  std::string entry_of(const std::string& request, const std::string& role) {
    return sql(
        "SELECT e.resource_id || ', ' || e.version FROM vapisync.entries e"
        " JOIN vapisync.saves s USING (save_id) WHERE s.request_id = '" +
        request + "' AND e.key = '" + role + "' AND e.cause <> 'rollback'");
  }
  static std::string call(const std::string& entry, const std::string& flags) {
    return "SELECT concat_ws(' ', a ->> 'status', a ->> 'requestId') FROM vapisync.replay(" +
           entry + ", " + flags + ", 'ann@desk') a";
  }
  std::string replay(const std::string& request, const std::string& role,
                     const std::string& flags = "false, false, false") {
    return value(daemon, call(entry_of(request, role), flags));
  }
  std::string discard(const std::string& request, const std::string& role) {
    return value(daemon, discard_call(request, role));
  }
  std::string discard_call(const std::string& request, const std::string& role) {
    return "SELECT a ->> 'status' FROM vapisync.discard(" + entry_of(request, role) +
           ", false, 'ann@desk') a";
  }
  std::string versions() { return sql("SELECT count(*) FROM vapisync.outbox"); }
};

using Discard = Replay;

TEST_F(Replay, AppliesTheAskOfTheWholeSaveAsANewSaveOfTheOperator) {
  EXPECT_EQ(replay("h", "inbound"), "replayed h~replay-1");
  EXPECT_EQ(sql("SELECT actor || ' ' || on_reject || ' ' || open_count FROM vapisync.saves"
                " WHERE request_id = 'h~replay-1'"),
            "ann@desk hold 2");
  EXPECT_EQ(sql("SELECT string_agg(o.cause || o.ask::text, ' ' ORDER BY o.resource_id)"
                " FROM vapisync.outbox o JOIN vapisync.saves s USING (save_id)"
                " WHERE s.request_id = 'h~replay-1'"),
            R"(replay{"voice": "bad"} replay{"name": "New"})");
  accept_the_rest();
  EXPECT_EQ(state("h~replay-1"), "synced");
  EXPECT_EQ(state("h"), "failed") << "what was is not rewritten";
  EXPECT_EQ(in_vapi("inbound", "voice,voiceId"), "bad");
}

TEST_F(Replay, TwiceWhileTheFirstIsOpenWritesNothingAndSaysSo) {
  replay("h", "inbound");
  const auto before = versions();
  EXPECT_EQ(replay("h", "inbound"), "open h~replay-1");
  EXPECT_EQ(replay("h", "outbound", "true, true, false"), "open h~replay-1");
  EXPECT_EQ(replay("h~replay-1", "inbound"), "open h~replay-1");
  EXPECT_EQ(versions(), before);
}

TEST_F(Replay, OfASaveThatIsStillOpenSaysSo) {
  save("p", R"({"outbound":{"name":"Newer"}})");
  EXPECT_EQ(replay("p", "outbound"), "open p");
}

TEST_F(Replay, AfterAReplayThatFailedTooCountsOn) {
  replay("h", "inbound");
  claim();
  refuse("inbound", "voice");
  accept("outbound");
  EXPECT_EQ(state("h~replay-1"), "failed");
  EXPECT_EQ(replay("h", "inbound"), "replayed h~replay-2") << "its own replay is nothing newer";
  EXPECT_EQ(replay("h~replay-1", "inbound"), "open h~replay-2");
  claim();
  refuse("inbound", "voice");
  accept("outbound");
  EXPECT_EQ(replay("h~replay-1", "inbound"), "replayed h~replay-3");
}

TEST_F(Replay, OfTheOneEntryLeavesTheOthersAlone) {
  EXPECT_EQ(replay("h", "inbound", "true, false, false"), "replayed h~replay-1");
  EXPECT_EQ(sql("SELECT string_agg(key, ' ') FROM vapisync.entries WHERE cause = 'replay'"),
            "inbound");
}

TEST_F(Replay, OlderThanWhatIsLiveNeedsForce) {
  save_and_accept("mend", R"({"outbound":{"name":"Newest"}})");
  const auto before = versions();
  EXPECT_EQ(replay("h", "inbound"), "older");
  EXPECT_EQ(versions(), before);
  EXPECT_EQ(replay("h", "inbound", "true, false, true"), "would_replay h~replay-1");
  EXPECT_EQ(replay("h", "inbound", "false, true, false"), "replayed h~replay-1");
  EXPECT_EQ(wanted("outbound", "name"), "New");
}

TEST_F(Replay, ARefusedDeleteAndAWholeDocumentAreReplayedAsTheyWere) {
  value(app,
        "SELECT vapisync.save('acme', 'd', '[{\"kind\":\"assistant\",\"key\":\"outbound\","
        "\"op\":\"delete\"}]', 'hold')");
  value(app,
        "SELECT vapisync.save('acme', 'w', '[{\"kind\":\"assistant\",\"key\":\"inbound\","
        "\"payload\":{\"name\":\"Whole\"}}]', 'hold')");
  claim();
  refuse("inbound");
  refuse("outbound");
  EXPECT_EQ(replay("d", "outbound"), "replayed d~replay-1");
  EXPECT_EQ(replay("w", "inbound"), "replayed w~replay-1");
  accept_the_rest();
  EXPECT_EQ(in_vapi("outbound", "name"), "no assistant");
  EXPECT_EQ(in_vapi("inbound", "name"), "Whole");
}

TEST_F(Replay, OfASaveThatWasRolledBackMayBeRolledBackAgain) {
  save("r", R"({"outbound":{"voice":"bad","name":"Third"}})");
  claim();
  refuse("outbound", "voice");
  accept_the_rest();
  EXPECT_EQ(state("r"), "rolled_back");
  EXPECT_EQ(replay("r", "outbound"), "replayed r~replay-1") << "a put-back is nothing newer";
  claim();
  refuse("outbound", "voice");
  accept_the_rest();
  EXPECT_EQ(state("r~replay-1"), "rolled_back");
  EXPECT_EQ(in_vapi("outbound", "name"), "New");
}

TEST_F(Replay, OfASaveThatANewerOneReplacedNeedsForce) {
  save("r", R"({"outbound":{"voice":"bad"}})");
  save("edit", R"({"outbound":{"voice":"Kylie"}})");
  claim();
  accept("outbound");  // with the edit in it
  EXPECT_EQ(state("r"), "superseded");
  EXPECT_EQ(replay("r", "outbound"), "older");
}

TEST_F(Replay, WhatCannotBeReplayedIsRefusedInPlainWords) {
  EXPECT_EQ(refusal(daemon, call("1, 99", "false, false, false")).sqlstate, "PT404");
  discard("h", "inbound");
  const auto put_back =
      sql("SELECT resource_id || ', ' || version FROM vapisync.outbox WHERE cause = 'rollback' "
          "LIMIT 1");
  EXPECT_EQ(refusal(daemon, call(put_back, "false, false, false")).sqlstate, "PT409");
}

TEST_F(Replay, TwoOperatorsAtOnceMakeOneReplay) {
  auto other = database.connect("app_daemon");
  const auto statement = call(entry_of("h", "inbound"), "false, false, false");
  std::string second;
  pqxx::work first(daemon);
  EXPECT_STREQ(first.exec1(statement)[0].c_str(), "replayed h~replay-1");
  std::jthread rival([&] { second = value(other, statement); });
  await_blocked(admin, other.backendpid());
  first.commit();
  rival.join();
  EXPECT_EQ(second, "open h~replay-1");
}

TEST_F(Discard, RollsAFailedSaveBackAndLeavesLaterEditsOfOthers) {
  save("edit", R"({"inbound":{"firstMessage":"Edited"}})");
  EXPECT_EQ(discard("h", "inbound"), "discarded");
  EXPECT_EQ(state("h"), "rolling_back");
  accept_the_rest();
  EXPECT_EQ(state("h"), "rolled_back");
  EXPECT_EQ(entry("inbound", 2) + entry("outbound", 2), "rolled_backrolled_back");
  EXPECT_EQ(in_vapi("inbound", "voice,voiceId") + in_vapi("inbound", "firstMessage"),
            "ElliotEdited");
  EXPECT_EQ(in_vapi("outbound", "name"), "Out");
  EXPECT_EQ(sql("SELECT actor || ' ' || action || ' ' || (details ->> 'requestId')"
                " FROM vapisync.operations"),
            "ann@desk discard h");
  EXPECT_EQ(status("h", "error,path"), "voice") << "Vapi's words stay";
}

TEST_F(Discard, UnblocksTheAgent) {
  discard("h", "inbound");
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.resources WHERE last_error IS NOT NULL"), "0");
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.work WHERE due_at <= now()"), "2");
  accept_the_rest();
}

TEST_F(Discard, TwiceDoesNothingMore) {
  discard("h", "inbound");
  const auto before = versions();
  EXPECT_EQ(discard("h", "outbound"), "done");
  accept_the_rest();
  EXPECT_EQ(discard("h", "inbound"), "done");
  EXPECT_EQ(versions(), before);
}

TEST_F(Discard, ADryRunSaysWhatEachAgentWouldBeAndWritesNothing) {
  const auto before = versions();
  const auto answer =
      value(daemon, "SELECT jsonb_path_query_array(vapisync.discard(" + entry_of("h", "inbound") +
                        ", true, 'ann'), '$.resources[*].differences[*].path')");
  EXPECT_EQ(answer, R"(["voice.voiceId", "name"])");
  EXPECT_EQ(versions() + state("h"), before + "failed");
}

TEST_F(Discard, ASaveThatDidNotFailOrIsTooOldIsRefused) {
  EXPECT_EQ(refusal(daemon, discard_call("r0", "inbound")).sqlstate, "PT409");
  sql("UPDATE vapisync.meta SET pruned_before = now()");
  EXPECT_EQ(refusal(daemon, discard_call("h", "inbound")).sqlstate, "PT409");
}

TEST_F(Discard, APutBackThatIsRefusedWhereNothingWasLiveIsDone) {
  discard("h", "inbound");
  claim();
  refuse("inbound", "name");  // nothing of the save was ever live here
  accept("outbound");
  EXPECT_EQ(state("h"), "rolled_back");
}

TEST_F(Discard, APutBackThatIsRefusedWhereTheSaveIsLiveFailsItAgain) {
  discard("h", "inbound");
  claim();
  accept("inbound");
  refuse("outbound", "name");
  EXPECT_EQ(state("h"), "failed");
  EXPECT_EQ(discard("h", "outbound"), "discarded");
  accept_the_rest();
  EXPECT_EQ(state("h"), "rolled_back");
}

TEST_F(Discard, WaitsForAnApplicationThatHoldsAMember) {
  const auto statement = discard_call("h", "inbound");
  std::string answer;
  pqxx::work open(app);
  open.exec(save_agents("acme", "edit", R"({"outbound":{"firstMessage":"Edited"}})"));
  std::jthread operator_thread([&] { answer = value(daemon, statement); });
  await_blocked(admin, daemon.backendpid());
  open.commit();
  operator_thread.join();
  EXPECT_EQ(answer, "discarded");
  EXPECT_EQ(wanted("outbound", "name || first_message"), "OutEdited");
  accept_the_rest();
}

}  // namespace
}  // namespace vapisync::test
