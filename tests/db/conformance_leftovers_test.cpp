// Leftovers: what is listed, and when it goes, in both stores.
#include <deque>
#include <gtest/gtest.h>

#include "support/conformance.hpp"
#include "support/log_capture.hpp"

namespace vapisync::test {
namespace {

using Lines = std::vector<std::string>;

struct Store {
  const char* name;
  std::unique_ptr<Bench> (*make)();
};

struct ConformanceLeftovers : ::testing::TestWithParam<Store> {
  const db::Claim& save_and_claim() {
    const std::string request = "r" + std::to_string(++saves_);
    bench->save({"acme", request, {{"inbound", Change::Op::put, R"({"name":"A"})"}}});
    return claim_one();
  }
  const db::Claim& claim_one() {
    auto taken = bench->claim(1, 1);
    EXPECT_EQ(taken.size(), 1U);
    if (taken.empty()) taken.emplace_back();
    return claims_.emplace_back(std::move(taken.front()));
  }
  void settle(const db::Report& report) { bench->settle({report}); }
  /// At rest, with a leftover beside what it holds.
  const db::Claim& leave(const std::string& reason) {
    const auto& claim = save_and_claim();
    bench->learn_account(claim, "account");
    auto done = confirmed(claim);
    done.leftovers.push_back({"account", "extra", reason});
    settle(done);
    EXPECT_TRUE(bench->claim_leftovers().empty()) << "it may not be readable yet";
    bench->pass(Bench::window);
    return claim;
  }
  Lines listed() { return bench->view("acme", "inbound").leftovers; }

  LogCapture log;
  std::unique_ptr<Bench> bench = GetParam().make();

 private:
  int saves_{0};
  std::deque<db::Claim> claims_;  // reports point to them
};

TEST_P(ConformanceLeftovers, WhatIsSurelyOursGoesAndTheRestIsOnlyListed) {
  leave("duplicate");
  EXPECT_EQ(listed(), Lines{"extra duplicate due"});
  const auto due = bench->claim_leftovers();
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].remote_id, "extra");
  EXPECT_EQ(due[0].kept, "attempt");
  EXPECT_TRUE(bench->claim_leftovers().empty()) << "another daemon has it";
  EXPECT_EQ(listed(), Lines{"extra duplicate later"});
  bench->end_leftover(due[0], true);
  EXPECT_EQ(listed(), Lines{"extra duplicate"});
  EXPECT_EQ(bench->next_leftover(), std::nullopt);
  bench->end_leftover(due[0], false);
  EXPECT_EQ(listed(), Lines{});
}

TEST_P(ConformanceLeftovers, ACopyIsOnlyListedUntilAResourceHoldsIt) {
  leave("copy");
  EXPECT_EQ(listed(), Lines{"extra copy"});
  EXPECT_TRUE(bench->claim_leftovers().empty());
  auto adopted = confirmed(save_and_claim());
  adopted.remote.id = "extra";
  settle(adopted);
  EXPECT_EQ(listed(), Lines{});
}

TEST_P(ConformanceLeftovers, NothingGoesBeforeItsResourceIsAtRest) {
  leave("replaced");
  const auto& claim = save_and_claim();
  EXPECT_TRUE(bench->claim_leftovers().empty());
  settle(failed(claim, db::Outcome::rejected));
  bench->pass(Bench::lease);
  EXPECT_TRUE(bench->claim_leftovers().empty()) << "a blocked one is not at rest";
  settle(confirmed(save_and_claim()));
  bench->pass(Bench::lease);
  EXPECT_EQ(bench->claim_leftovers().size(), 1U);
}

TEST_P(ConformanceLeftovers, NothingGoesInATenantsOldAccount) {
  bench->set_key("acme", "own", true);
  const auto& first = save_and_claim();
  auto made = confirmed(first);
  made.remote.account_id = "tenant";
  made.leftovers.push_back({"tenant", "extra", "duplicate"});
  settle(made);
  bench->learn_account(first, "tenant");
  bench->set_key("acme", "another", true);
  const auto& anew = claim_one();
  auto elsewhere = confirmed(anew);
  elsewhere.remote.account_id = "other";
  settle(elsewhere);
  bench->pass(Bench::window);
  EXPECT_TRUE(bench->claim_leftovers().empty()) << "nobody knows where the key leads";
  bench->learn_account(anew, "other");
  bench->pass(Bench::lease);
  EXPECT_TRUE(bench->claim_leftovers().empty());
}

TEST_P(ConformanceLeftovers, WhatAnOrgLeftInThePlatformsAccountGoesByThePlatformsKey) {
  leave("duplicate");
  bench->set_key("acme", "another", true);
  const auto& anew = claim_one();
  EXPECT_TRUE(bench->claim_leftovers().empty()) << "the new one is not there yet";
  auto elsewhere = confirmed(anew);
  elsewhere.remote.account_id = "other";
  settle(elsewhere);
  bench->pass(Bench::lease);
  const auto found = bench->claim_leftovers();
  ASSERT_FALSE(found.empty());
  EXPECT_NE(found[0].credential_id, anew.credential_id);
}

TEST_P(ConformanceLeftovers, WhatALeaseThatRanOutMayHaveMadeIsListedWhenItsOrgMoves) {
  const auto& claim = save_and_claim();
  bench->pass(Bench::lease * 2);
  bench->set_key("acme", "another", true);
  EXPECT_EQ(listed(), Lines{"/" + std::to_string(claim.resource_id) + " open_create"});
}

TEST_P(ConformanceLeftovers, WhatALostCreateMayYetMakeIsLookedForByItsMark) {
  const auto& claim = save_and_claim();
  bench->learn_account(claim, "account");
  auto adopted = confirmed(claim);
  const std::string mark = "x/" + std::to_string(claim.resource_id) + "/a1";
  adopted.leftovers.push_back({"account", {}, "open_create", mark});
  settle(adopted);
  EXPECT_EQ(listed(), Lines{mark + " open_create later"});
  bench->pass(Bench::window);
  const auto due = bench->claim_leftovers();
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].object, mark);
  EXPECT_EQ(due[0].remote_id + due[0].attempt, "") << "any but the kept one's";
  EXPECT_EQ(due[0].adopted, "a1") << "nor what was made like the adopted one";
  bench->end_leftover(due[0], true);
  const auto& again = save_and_claim();
  auto once_more = confirmed(again);
  once_more.leftovers = adopted.leftovers;
  settle(once_more);
  EXPECT_EQ(listed(), Lines{mark + " open_create later"}) << "another create is on its way";
}

TEST_P(ConformanceLeftovers, ACredentialThatHasRestedIsTriedAgain) {
  bench->pause(leave("duplicate"), Milliseconds{90'000});
  EXPECT_TRUE(bench->claim_leftovers().empty());
  bench->pass(Milliseconds{90'000});
  EXPECT_EQ(bench->claim_leftovers().size(), 1U) << "else nobody may ever ask it";
}

TEST_P(ConformanceLeftovers, ALateCreateGoesOnlyWhenItCanLandNoMore) {
  const auto& late = save_and_claim();
  bench->learn_account(late, "account");
  bench->pass(Bench::lease * 2);
  settle(confirmed(claim_one()));
  auto sent = report(late, db::Outcome::retry);
  sent.wrote = true;
  sent.wrote_marker = "late";
  settle(sent);
  EXPECT_EQ(listed(), Lines{"late late_create later"});
  EXPECT_LE(bench->next_leftover().value(), Bench::window);
  bench->pass(Bench::window * 2);
  auto look = confirmed(claim_one());
  look.clears_open = true;
  settle(look);
  EXPECT_EQ(bench->claim_leftovers().size(), 1U);
}

TEST_P(ConformanceLeftovers, ALateCreateOfWhatIsDeletedGoesToo) {
  const auto& late = save_and_claim();
  bench->learn_account(late, "account");
  bench->pass(Bench::lease * 2);
  settle(confirmed(claim_one()));
  bench->save({"acme", "gone", {{"inbound", Change::Op::remove, ""}}});
  auto removed = confirmed(claim_one());
  removed.remote = {};
  settle(removed);
  auto sent = report(late, db::Outcome::retry);
  sent.wrote = true;
  sent.wrote_marker = "late";
  settle(sent);
  bench->pass(Bench::window * 2);
  auto look = report(claim_one(), db::Outcome::confirmed);
  look.remote = {};
  look.clears_open = true;
  settle(look);
  const auto due = bench->claim_leftovers();
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].attempt, "late");
  EXPECT_EQ(due[0].kept, "");
}

INSTANTIATE_TEST_SUITE_P(Stores, ConformanceLeftovers,
                         ::testing::Values(Store{"Memory", make_memory_bench},
                                           Store{"Postgres", make_postgres_bench}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace vapisync::test
