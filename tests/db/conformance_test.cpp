// What the simulation believes of the database is what Postgres does: one suite, two stores.
#include "support/conformance.hpp"

#include <algorithm>
#include <deque>
#include <gtest/gtest.h>

#include "base/json.hpp"

namespace vapisync::test {
namespace {

using States = std::vector<std::string>;
using Keys = std::vector<std::string>;

struct Store {
  const char* name;
  std::unique_ptr<Bench> (*make)();
};

struct Conformance : ::testing::TestWithParam<Store> {
  void ask(const std::string& org, const std::string& request, const std::string& asked,
           const std::string& key = "inbound") {
    bench->save({org, request, {{key, Change::Op::ask, asked}}});
  }
  void put(const std::string& request, const std::string& document) {
    bench->save({"acme", request, {{"inbound", Change::Op::put, document}}});
  }
  void remove(const std::string& request) {
    bench->save({"acme", request, {{"inbound", Change::Op::remove, ""}}});
  }
  /// Stays where it is: reports point to it.
  const db::Claim& claim_one() {
    auto taken = bench->claim(1, 1);
    EXPECT_EQ(taken.size(), 1U);
    if (taken.empty()) taken.emplace_back();
    return claims_.emplace_back(std::move(taken.front()));
  }
  db::Receipt settle(const db::Report& report) { return bench->settle({report}).front(); }
  Bench::View view() { return bench->view("acme", "inbound"); }

  std::unique_ptr<Bench> bench = GetParam().make();

 private:
  std::deque<db::Claim> claims_;
};

TEST_P(Conformance, AConfirmationEndsEntrySaveAndWork) {
  put("r1", R"({"name":"A"})");
  EXPECT_TRUE(view().is_due);
  const auto& claim = claim_one();
  EXPECT_EQ(claim.payload.find("\"A\"") != std::string::npos, true);
  EXPECT_TRUE(view().is_leased);
  EXPECT_EQ(settle(confirmed(claim)).recorded, db::Recorded::done);
  EXPECT_EQ(view().entries, States{"synced"});
  EXPECT_EQ(view().live, 1);
  EXPECT_FALSE(view().has_work);
  EXPECT_EQ(bench->save_state("acme", "r1"), "synced");
  EXPECT_EQ(settle(confirmed(claim)).recorded, db::Recorded::lost);
}

TEST_P(Conformance, EditsCoalesceAndTheNewestGoesOn) {
  put("r1", R"({"name":"A"})");
  put("r2", R"({"name":"B"})");
  const auto& claim = claim_one();
  EXPECT_EQ(claim.version, 2);
  put("r3", R"({"name":"C"})");
  EXPECT_TRUE(view().is_leased) << "a claim keeps its row";
  EXPECT_TRUE(settle(confirmed(claim)).due_now);
  EXPECT_EQ(view().entries, (States{"superseded", "synced", "pending"}));
  EXPECT_EQ(bench->save_state("acme", "r1"), "superseded");
  EXPECT_TRUE(view().is_due);
}

TEST_P(Conformance, ARejectionBlocksUntilTheNextVersionOrTouch) {
  put("r1", R"({"name":"A"})");
  settle(confirmed(claim_one()));
  put("r2", R"({"name":"B"})");
  settle(failed(claim_one(), db::Outcome::rejected));
  EXPECT_TRUE(view().blocked);
  EXPECT_FALSE(view().has_work);
  EXPECT_EQ(view().entries, (States{"synced", "failed"}));
  EXPECT_EQ(bench->save_state("acme", "r2"), "failed");
  bench->touch("acme", "inbound");
  EXPECT_FALSE(view().blocked);
  EXPECT_TRUE(view().is_due);
}

TEST_P(Conformance, ARejectionOfAnOldViewDecidesNothing) {
  put("r1", R"({"name":"A"})");
  const auto& claim = claim_one();
  bench->touch("acme", "inbound");
  EXPECT_TRUE(settle(failed(claim, db::Outcome::rejected)).due_now);
  EXPECT_EQ(view().entries, States{"pending"});
  EXPECT_FALSE(view().blocked);
}

TEST_P(Conformance, ARetryWaitsAndBurns) {
  put("r1", R"({"name":"A"})");
  auto later = failed(claim_one(), db::Outcome::retry);
  later.delay = Milliseconds{60'000};
  later.burn = true;
  EXPECT_FALSE(settle(later).due_now);
  EXPECT_FALSE(view().is_due);
  EXPECT_EQ(view().attempts, 1);
  EXPECT_EQ(bench->wake_waiting(), 1);
  EXPECT_TRUE(view().is_due);
  put("r2", R"({"name":"B"})");
  EXPECT_EQ(view().attempts, 0) << "a new version starts anew";
}

TEST_P(Conformance, AnOpenCreateWaitsThroughANewVersion) {
  put("r1", R"({"name":"A"})");
  auto lost = report(claim_one(), db::Outcome::retry);
  lost.opens = true;
  lost.delay = Milliseconds{10'000};
  settle(lost);
  put("r2", R"({"name":"B","voicemailMessage":"x"})");
  EXPECT_FALSE(view().is_due);
  bench->pass(Milliseconds{11'000});
  const auto& claim = claim_one();
  EXPECT_TRUE(claim.open);
  EXPECT_GE(claim.open_age, Milliseconds{11'000});
  EXPECT_EQ(claim.open_keys, (Keys{"name", "voicemailMessage"}));
}

TEST_P(Conformance, AnOpenRequestGetsALastLook) {
  put("r1", R"({"name":"A"})");
  auto lost = report(claim_one(), db::Outcome::retry);
  lost.opens = true;
  settle(lost);
  settle(confirmed(claim_one()));
  EXPECT_EQ(bench->save_state("acme", "r1"), "synced");
  EXPECT_TRUE(view().is_open);
  EXPECT_FALSE(view().is_due);
  bench->pass(Bench::window + Milliseconds{1});
  auto look = confirmed(claim_one());
  look.clears_open = true;
  settle(look);
  EXPECT_FALSE(view().has_work);
}

TEST_P(Conformance, TakingOverALeaseLeavesARequestOpen) {
  put("r1", R"({"name":"A"})");
  const auto& late = claim_one();
  EXPECT_TRUE(bench->renew(late));
  EXPECT_TRUE(bench->claim(1, 1).empty());
  bench->pass(Bench::lease + Milliseconds{5'000});
  const auto& current = claim_one();
  EXPECT_TRUE(current.open);
  EXPECT_GE(current.open_age, Milliseconds{5'000});
  EXPECT_FALSE(bench->renew(late));
  EXPECT_EQ(settle(confirmed(late)).recorded, db::Recorded::lost);
  EXPECT_EQ(view().live, 0);
  EXPECT_EQ(settle(confirmed(current)).recorded, db::Recorded::done);
}

TEST_P(Conformance, WhatALateWorkerSentIsLookedForAgain) {
  put("r1", R"({"name":"A"})");
  const auto& late = claim_one();
  bench->pass(Bench::lease * 3);
  settle(confirmed(claim_one()));
  auto sent = confirmed(late);
  sent.wrote = true;
  sent.wrote_keys = {"firstMessage", "name"};
  const auto before = view();
  EXPECT_EQ(settle(sent).recorded, db::Recorded::lost);
  EXPECT_EQ(view().generation, before.generation + 1);
  EXPECT_EQ(view().sent_keys, (Keys{"firstMessage", "name"}));
  EXPECT_TRUE(view().is_due);
  EXPECT_TRUE(view().is_open);
  EXPECT_EQ(view().live, 1);
}

TEST_P(Conformance, WhatALateWorkerCreatedIsListed) {
  put("r1", R"({"name":"A"})");
  const auto& late = claim_one();
  bench->pass(Bench::lease * 3);
  settle(confirmed(claim_one()));
  auto twin = confirmed(late);
  twin.remote.id = "twin";
  twin.wrote = true;
  twin.wrote_marker = "other-attempt";
  settle(twin);
  EXPECT_EQ(view().leftovers, States{"twin late_create later"});
  auto unknown = report(late, db::Outcome::retry);
  unknown.wrote = true;
  unknown.wrote_marker = "third-attempt";
  settle(unknown);
  EXPECT_EQ(view().leftovers.size(), 2U);
}

TEST_P(Conformance, ATouchDuringAClaimKeepsKeysAndOpenRequest) {
  put("r1", R"({"name":"A"})");
  auto lost = report(claim_one(), db::Outcome::retry);
  lost.opens = true;
  settle(lost);
  bench->pass(Bench::window * 2);
  const auto& claim = claim_one();
  // Another daemon's late write becomes known while this claim is under way.
  db::Claim stale = claim;
  stale.token = -1;
  auto sent = report(stale, db::Outcome::retry);
  sent.wrote = true;
  sent.wrote_keys = {"voicemailMessage"};
  settle(sent);
  auto done = confirmed(claim);
  done.clears_open = true;
  EXPECT_TRUE(settle(done).due_now);
  EXPECT_EQ(view().sent_keys, (Keys{"name", "voicemailMessage"}));
  EXPECT_TRUE(view().is_open);
}

TEST_P(Conformance, AnAskGoesOnTopOfWhatIsWanted) {
  put("r1", R"({"name":"A","voicemailMessage":"x"})");
  ask("acme", "r2", R"({"firstMessage":"hi","vapi":{"voicemailMessage":null,"metadata":{"n":1}}})");
  const auto& claim = claim_one();
  EXPECT_EQ(json::canonical(*json::parse(claim.payload)),
            R"({"firstMessage":"hi","metadata":{"n":1},"name":"A"})");
}

TEST_P(Conformance, HistoryKnowsEveryKeyThatWasEverWanted) {
  put("r1", R"({"name":"A","voicemailMessage":"x"})");
  settle(confirmed(claim_one()));
  remove("r2");
  put("r3", R"({"name":"B","endCallMessage":"y"})");
  auto keys = bench->wanted_keys(claim_one());
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(keys, (Keys{"endCallMessage", "name", "voicemailMessage"}));
}

TEST_P(Conformance, ADeleteIsAVersionAndForgettingStartsAnew) {
  put("r1", R"({"name":"A"})");
  settle(confirmed(claim_one()));
  remove("r2");
  const auto& claim = claim_one();
  EXPECT_EQ(claim.op, core::Op::remove);
  auto gone = failed(claim, db::Outcome::forgotten);
  gone.remote = {};
  EXPECT_TRUE(settle(gone).due_now);
  EXPECT_EQ(view().live, 0);
  EXPECT_EQ(view().remote_id, "");
}

TEST_P(Conformance, ASaveOfTwoEndsWithTheWorstOfThem) {
  bench->save({"acme",
               "both",
               {{"inbound", Change::Op::ask, R"({"firstMessage":"a"})"},
                {"outbound", Change::Op::ask, R"({"firstMessage":"b"})"}}});
  const auto claims = bench->claim(10, 10);
  ASSERT_EQ(claims.size(), 2U);
  settle(failed(claims[0], db::Outcome::rejected));
  EXPECT_EQ(bench->save_state("acme", "both"), "pending");
  settle(confirmed(claims[1]));
  EXPECT_EQ(bench->save_state("acme", "both"), "failed");
}

TEST_P(Conformance, AKeyOfAnotherAccountForgetsWhatIsInTheOldOne) {
  put("r1", R"({"name":"A"})");
  const auto& first = claim_one();
  settle(confirmed(first));
  put("r2", R"({"name":"B"})");
  const auto& late = claim_one();
  bench->set_key("acme", "another", true);
  EXPECT_EQ(view().leftovers, States{confirmed(first).remote.id + " other_account"});
  EXPECT_EQ(settle(confirmed(late)).recorded, db::Recorded::lost);
  const auto& anew = claim_one();
  EXPECT_EQ(anew.remote.id, "");
  EXPECT_EQ(anew.credential_id, first.credential_id + 1);
  EXPECT_FALSE(anew.open);
}

TEST_P(Conformance, ANewKeyOfTheSameAccountOnlyLooksAgain) {
  put("r1", R"({"name":"A"})");
  settle(confirmed(claim_one()));
  bench->set_key("acme", "another", false);
  const auto& again = claim_one();
  EXPECT_EQ(again.remote.id, confirmed(again).remote.id);
  EXPECT_EQ(again.version, 1);
}

TEST_P(Conformance, AnOrgGetsNoMoreThanItsShare) {
  for (const char* org : {"a", "b"}) {
    ask(org, "r1", R"({"firstMessage":"x"})", "inbound");
    ask(org, "r2", R"({"firstMessage":"x"})", "outbound");
  }
  EXPECT_EQ(bench->claim(100, 1).size(), 2U);
  EXPECT_EQ(bench->claim(100, 1).size(), 0U) << "leased rows count";
  EXPECT_EQ(bench->claim(100, 2).size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Stores, Conformance,
                         ::testing::Values(Store{"Memory", make_memory_bench},
                                           Store{"Postgres", make_postgres_bench}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace vapisync::test
