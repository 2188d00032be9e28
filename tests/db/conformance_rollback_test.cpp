// All-or-nothing saves, as both stores must understand them. What becomes of each in detail is
// tested on Postgres alone, by rollback_*_test.
#include <deque>
#include <gtest/gtest.h>
#include <map>

#include "support/conformance.hpp"
#include "support/log_capture.hpp"

namespace vapisync::test {
namespace {

using States = std::vector<std::string>;

struct Store {
  const char* name;
  std::unique_ptr<Bench> (*make)();
};

struct ConformanceRollback : ::testing::TestWithParam<Store> {
  void SetUp() override {
    save("r0", {{"inbound", Change::Op::put, R"({"name":"In"})"},
                {"outbound", Change::Op::put, R"({"name":"Out"})"}});
    claim();
    accept("inbound");
    accept("outbound");
  }
  void save(const std::string& request, std::vector<Change> changes,
            OnReject on_reject = OnReject::rollback) {
    bench->save({"acme", request, std::move(changes), on_reject});
  }
  void save(const std::string& request, const std::string& inbound) {
    save(request, {{"inbound", Change::Op::ask, inbound}});
  }
  void hold(const std::string& request, const std::string& inbound) {
    save(request, {{"inbound", Change::Op::ask, inbound}}, OnReject::hold);
  }
  void save_both(const std::string& request, const std::string& inbound,
                 const std::string& outbound) {
    save(request, {{"inbound", Change::Op::ask, inbound}, {"outbound", Change::Op::ask, outbound}});
  }
  void claim() {
    for (auto& claim : bench->claim(10, 10)) {
      const std::string key = claim.key;
      claimed[key] = &kept_.emplace_back(std::move(claim));
    }
  }
  db::Receipt accept(const std::string& key) {
    auto report = confirmed(*claimed.at(key));
    if (claimed.at(key)->op == core::Op::remove) report.remote = {};
    return bench->settle({report}).front();
  }
  db::Receipt refuse(const std::string& key, const std::string& path = "") {
    auto report = failed(*claimed.at(key), db::Outcome::rejected);
    report.error->path = path;
    return bench->settle({report}).front();
  }
  void accept_the_rest() {
    claimed.clear();
    claim();
    for (const auto& [key, claim] : claimed) accept(key);
  }
  Bench::View in() { return bench->view("acme", "inbound"); }
  Bench::View out() { return bench->view("acme", "outbound"); }
  std::string state(const std::string& request) { return bench->save_state("acme", request); }

  LogCapture log;
  std::unique_ptr<Bench> bench = GetParam().make();
  std::map<std::string, const db::Claim*> claimed;

 private:
  std::deque<db::Claim> kept_;  // reports point to them
};

TEST_P(ConformanceRollback, BothMembersGoBackWhenOneIsRefused) {
  save_both("r", R"({"name":"New"})", R"({"name":"New","vapi":{"bogus":1}})");
  claim();
  accept("inbound");
  EXPECT_TRUE(refuse("outbound", "bogus").due_now);
  EXPECT_EQ(state("r"), "rolling_back");
  EXPECT_EQ(in().entries, (States{"synced", "rolled_back", "pending"}));
  EXPECT_EQ(in().wanted + out().wanted, R"({"name":"In"}{"name":"Out"})");
  EXPECT_FALSE(out().blocked);
  accept_the_rest();
  EXPECT_EQ(state("r"), "rolled_back");
  EXPECT_EQ(out().entries, (States{"synced", "rolled_back", "synced"}));
  EXPECT_FALSE(in().has_work || out().has_work);
}

TEST_P(ConformanceRollback, WhatWasNeverLiveIsDeletedAndWhatWasDeletedComesBack) {
  save("gone", {{"outbound", Change::Op::remove, ""}});
  accept_the_rest();
  save("r", {{"inbound", Change::Op::remove, ""}, {"outbound", Change::Op::put, R"({"bogus":1})"}});
  claim();
  accept("inbound");
  refuse("outbound");
  EXPECT_EQ(in().wanted, R"({"name":"In"})");
  EXPECT_EQ(out().wanted, "");
  claim();
  EXPECT_EQ(claimed["inbound"]->op, core::Op::upsert);
  EXPECT_EQ(claimed["outbound"]->op, core::Op::remove);
  accept("inbound");
  accept("outbound");
  EXPECT_EQ(state("r"), "rolled_back");
}

TEST_P(ConformanceRollback, OnlyTheSaveThatDecidesTheRefusedFieldGoes) {
  save("good", R"({"firstMessage":"Hi"})");
  save("bad", R"({"vapi":{"bogus":1}})");
  claim();
  save("later", R"({"maxDurationSeconds":99})");
  refuse("inbound", "bogus.deep[0]");
  EXPECT_EQ(state("good") + " " + state("bad"), "pending rolling_back");
  EXPECT_EQ(in().wanted, R"({"firstMessage":"Hi","maxDurationSeconds":99,"name":"In"})");
  EXPECT_EQ(in().settled, 1);
  accept_the_rest();
  EXPECT_EQ(state("good") + " " + state("bad") + " " + state("later"),
            "superseded rolled_back superseded");
}

TEST_P(ConformanceRollback, WithoutAFieldEveryRollbackGoesAndTheHoldFailsButStaysWanted) {
  hold("h", R"({"firstMessage":"Hi"})");
  save("one", R"({"name":"One"})");
  save("two", R"({"maxDurationSeconds":99})");
  claim();
  refuse("inbound");
  EXPECT_EQ(state("h") + " " + state("one") + " " + state("two"),
            "failed rolling_back rolling_back");
  EXPECT_EQ(in().wanted, R"({"firstMessage":"Hi","name":"In"})");
  accept_the_rest();
  EXPECT_EQ(state("one") + " " + state("two"), "rolled_back rolled_back");
}

TEST_P(ConformanceRollback, WhatVapiHoldsIsSuspectedOnlyWhenNothingNewerIs) {
  save_both("first", R"({"name":"A"})", R"({"name":"B"})");
  claim();
  accept("inbound");
  save("second", R"({"name":"bad"})");
  claim();
  refuse("inbound", "name");
  EXPECT_EQ(state("first") + " " + state("second"), "pending rolling_back");
  hold("third", R"({"name":"held"})");
  claimed.erase("outbound");
  claim();
  refuse("inbound", "name");
  EXPECT_EQ(state("first"), "pending") << "the hold is the culprit";
  EXPECT_EQ(state("third"), "failed");
}

TEST_P(ConformanceRollback, ARefusedPutBackFailsItsSaveOnlyWhereVapiHasSomethingOfIt) {
  save_both("live", R"({"name":"New"})", R"({"vapi":{"bogus":1}})");
  claim();
  accept("inbound");
  refuse("outbound", "bogus");
  claim();
  refuse("outbound");
  EXPECT_TRUE(out().blocked);
  EXPECT_EQ(state("live"), "rolling_back") << "nothing of it was ever there";
  refuse("inbound");
  EXPECT_TRUE(in().blocked);
  EXPECT_EQ(state("live"), "failed");
  EXPECT_EQ(in().entries, (States{"synced", "rolled_back", "failed"}));
}

TEST_P(ConformanceRollback, APutBackIsNotJudgedByWhatWasSentWithIt) {
  save_both("r", R"({"name":"New"})", R"({"vapi":{"bogus":1}})");
  claim();
  accept("inbound");
  refuse("outbound", "bogus");
  save("next", R"({"firstMessage":"too much"})");
  claim();
  refuse("inbound");
  EXPECT_EQ(state("r") + " " + state("next"), "rolling_back rolling_back");
  EXPECT_EQ(in().desired, 6) << "both go again";
  accept_the_rest();
  EXPECT_EQ(in().wanted, R"({"name":"In"})");
}

TEST_P(ConformanceRollback, NobodyIsToBlameForAVersionWithSomethingUndoneSince) {
  save_both("bad", R"({"firstMessage":"bad"})", R"({"vapi":{"bogus":1}})");
  save("good", R"({"name":"Good"})");
  claim();
  refuse("outbound", "bogus");
  EXPECT_TRUE(refuse("inbound").due_now);
  EXPECT_EQ(state("bad") + " " + state("good"), "rolling_back pending");
  accept_the_rest();
  EXPECT_EQ(in().wanted, R"({"name":"Good"})");
}

INSTANTIATE_TEST_SUITE_P(Stores, ConformanceRollback,
                         ::testing::Values(Store{"Memory", make_memory_bench},
                                           Store{"Postgres", make_postgres_bench}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace vapisync::test
