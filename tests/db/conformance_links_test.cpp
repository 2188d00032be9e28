// References between resources: who waits, who wakes and what is refused, in both stores.
#include <deque>
#include <gtest/gtest.h>
#include <map>

#include "support/conformance.hpp"
#include "support/log_capture.hpp"

namespace vapisync::test {
namespace {

using core::Others;

struct Store {
  const char* name;
  std::unique_ptr<Bench> (*make)();
};

struct ConformanceLinks : ::testing::TestWithParam<Store> {
  static Change agent(const std::string& key, const std::string& references) {
    return {key, Change::Op::put, R"({"name":"A","credentialIds":[)" + references + "]}"};
  }
  static constexpr const char* refused_tool = R"({"type":"function","function":{"name":"kb"}})";
  static std::string to(const std::string& name) { return R"({"$ref":")" + name + R"("})"; }
  void save(std::vector<Change> changes) {
    bench->save({"acme", "r" + std::to_string(++saves_), std::move(changes)});
  }
  bool is_refused(std::vector<Change> changes) {
    try {
      save(std::move(changes));
    } catch (const std::exception&) {
      return true;
    }
    return false;
  }
  std::map<std::string, const db::Claim*> claim() {
    std::map<std::string, const db::Claim*> out;
    for (auto& claim : bench->claim(10, 10)) {
      const auto& kept = claims_.emplace_back(std::move(claim));
      out[kept.key] = &kept;
    }
    return out;
  }
  db::Receipt settle(const db::Report& report) { return bench->settle({report}).front(); }
  /// Vapi has it, with what it refers to.
  static db::Report stored(const db::Claim& claim) {
    auto done = confirmed(claim);
    for (const auto& reference : claim.references) done.live_refs.push_back(reference.resource_id);
    if (claim.op == core::Op::remove) done.remote = {};
    return done;
  }
  static db::Report waiting(const db::Claim& claim) {
    auto waits = report(claim, db::Outcome::retry);
    waits.waits = true;
    waits.delay = Milliseconds{30'000};
    return waits;
  }
  /// Both stand, and the inbound one refers to the other.
  void converge() {
    save({agent("inbound", to("assistant/outbound")), agent("outbound", "")});
    auto first = claim();
    bench->learn_account(*first.at("inbound"), "account");
    settle(stored(*first.at("outbound")));
    settle(waiting(*first.at("inbound")));
    settle(stored(*claim().at("inbound")));
  }
  bool is_due(const std::string& key) { return bench->view("acme", key).is_due; }

  LogCapture log;
  std::unique_ptr<Bench> bench = GetParam().make();

 private:
  int saves_{0};
  std::deque<db::Claim> claims_;  // reports point to them
};

TEST_P(ConformanceLinks, WhatRefersWaitsAndIsWoken) {
  save({agent("inbound", to("assistant/outbound")), agent("outbound", "")});
  auto claims = claim();
  ASSERT_EQ(claims.at("inbound")->references.size(), 1U);
  EXPECT_EQ(claims.at("inbound")->references[0].name, "assistant/outbound");
  EXPECT_EQ(claims.at("inbound")->references[0].state, Others::waiting);
  settle(waiting(*claims.at("inbound")));
  EXPECT_FALSE(is_due("inbound"));
  EXPECT_TRUE(settle(stored(*claims.at("outbound"))).linked);
  EXPECT_TRUE(is_due("inbound"));
  const auto* again = claim().at("inbound");
  EXPECT_EQ(again->references[0].state, Others::ready);
  EXPECT_EQ(again->references[0].remote_id, stored(*claims.at("outbound")).remote.id);
}

TEST_P(ConformanceLinks, WhoeverCameTooLateToBeWokenDoesNotWait) {
  save({agent("inbound", to("assistant/outbound")), agent("outbound", "")});
  auto claims = claim();
  settle(stored(*claims.at("outbound")));
  settle(waiting(*claims.at("inbound")));
  EXPECT_TRUE(is_due("inbound"));
}

TEST_P(ConformanceLinks, AReferenceToWhatIsBlockedAndNotThereIsHopeless) {
  save({agent("inbound", to("assistant/outbound")), agent("outbound", "")});
  auto claims = claim();
  settle(waiting(*claims.at("inbound")));
  settle(failed(*claims.at("outbound"), db::Outcome::rejected));
  EXPECT_TRUE(is_due("inbound"));
  EXPECT_EQ(claim().at("inbound")->references[0].state, Others::hopeless);
}

TEST_P(ConformanceLinks, AnIdThatChangesTouchesWhatRefersToIt) {
  converge();
  save({agent("outbound", "")});
  auto moved = stored(*claim().at("outbound"));
  moved.remote.id = "anew";
  const auto before = bench->view("acme", "inbound").generation;
  settle(moved);
  EXPECT_EQ(bench->view("acme", "inbound").generation, before + 1);
  EXPECT_EQ(claim().at("inbound")->references[0].remote_id, "anew");
}

TEST_P(ConformanceLinks, AnIdThatIsGoneTouchesWhatRefersToIt) {
  converge();
  bench->touch("acme", "outbound");
  auto gone = report(*claim().at("outbound"), db::Outcome::forgotten);
  gone.remote = {};
  settle(gone);
  EXPECT_TRUE(is_due("inbound")) << "else nobody learns that its reference leads nowhere";
  auto claims = claim();
  settle(waiting(*claims.at("inbound")));
  settle(failed(*claims.at("outbound"), db::Outcome::rejected));
  EXPECT_EQ(claim().at("inbound")->references[0].state, Others::hopeless);
}

TEST_P(ConformanceLinks, ADeleteWaitsUntilTheLiveDocumentLetsGo) {
  converge();
  save({agent("inbound", ""), {"outbound", Change::Op::remove, ""}});
  auto claims = claim();
  EXPECT_EQ(claims.at("outbound")->referrers, Others::waiting);
  settle(waiting(*claims.at("outbound")));
  auto free = stored(*claims.at("inbound"));
  free.live_refs.clear();
  settle(free);
  EXPECT_EQ(claim().at("outbound")->referrers, Others::ready);
}

TEST_P(ConformanceLinks, ADeleteIsHopelessWhileWhatRefersToItIsBlocked) {
  converge();
  save({agent("inbound", ""), {"outbound", Change::Op::remove, ""}});
  auto claims = claim();
  settle(waiting(*claims.at("outbound")));
  settle(failed(*claims.at("inbound"), db::Outcome::rejected));
  EXPECT_EQ(claim().at("outbound")->referrers, Others::hopeless);
}

TEST_P(ConformanceLinks, ADeleteByARollbackIsHopelessWhileAnInnocentSaveRefersToIt) {
  bench->save({"acme",
               "guilty",
               {agent("outbound", ""), {"kb", Change::Op::put, refused_tool, "tool"}},
               OnReject::rollback});
  auto first = claim();
  settle(stored(*first.at("outbound")));
  save({agent("inbound", to("assistant/outbound"))});
  settle(stored(*claim().at("inbound")));
  settle(failed(*first.at("kb"), db::Outcome::rejected));
  auto undone = claim();
  EXPECT_EQ(undone.at("outbound")->op, core::Op::remove);
  EXPECT_EQ(undone.at("outbound")->referrers, Others::hopeless) << "else it waits for ever";
}

TEST_P(ConformanceLinks, UnsoundReferencesAreRefused) {
  EXPECT_TRUE(is_refused({agent("inbound", to("assistant/nobody"))}));
  EXPECT_TRUE(is_refused(
      {agent("inbound", to("assistant/outbound")), agent("outbound", to("assistant/inbound"))}))
      << "a circle";
  converge();
  EXPECT_TRUE(is_refused({{"outbound", Change::Op::remove, ""}}));
  EXPECT_TRUE(is_refused({agent("outbound", to("assistant/inbound"))}));
  EXPECT_FALSE(is_refused({agent("inbound", ""), {"outbound", Change::Op::remove, ""}}));
  EXPECT_TRUE(is_refused({agent("inbound", to("assistant/outbound"))})) << "it is deleted";
}

TEST_P(ConformanceLinks, NothingStandsInAnAccountThatWasLeft) {
  converge();
  bench->set_key("acme", "another", true);
  auto claims = claim();
  EXPECT_EQ(claims.at("inbound")->references[0].state, Others::waiting);
  settle(failed(*claims.at("inbound"), db::Outcome::rejected));
  save({agent("inbound", ""), {"outbound", Change::Op::remove, ""}});
  settle(stored(*claims.at("outbound")));
  EXPECT_EQ(claim().at("outbound")->referrers, Others::ready);
}

INSTANTIATE_TEST_SUITE_P(Stores, ConformanceLinks,
                         ::testing::Values(Store{"Memory", make_memory_bench},
                                           Store{"Postgres", make_postgres_bench}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace vapisync::test
