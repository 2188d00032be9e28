// Remote objects that may not be kept: which are listed, when they go, and when too many are gone.
#include <deque>
#include <gtest/gtest.h>

#include "support/database.hpp"
#include "support/engine.hpp"
#include "support/log_capture.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

struct Leftovers : testing::Test {
  LogCapture log;
  TestDatabase database;
  pqxx::connection admin{database.url()};
  pqxx::connection app{database.url("app_writer")};
  Engine engine{database.url("app_daemon")};
  int64_t credential{
      engine.wait(engine.store().register_platform("fingerprint", "http://vapi.test", true))
          .value()};

  void SetUp() override {
    engine.wait(engine.store().learn_account(credential, "account")).value();
  }
  std::string sql(const std::string& statement) { return value(admin, statement); }
  const db::Claim& save_and_claim(const std::string& org = "acme") {
    value(app, save_agents(org, "r" + std::to_string(++saves_), R"({"inbound":{"name":"A"}})"));
    return claims_.emplace_back(engine.claim().at(0));
  }
  const db::Claim& claims_again() { return claims_.emplace_back(engine.claim().at(0)); }
  void settle_with(const std::string& reason) {
    auto done = confirmed(save_and_claim());
    done.leftovers.push_back({"account", "extra", reason});
    engine.settle(done);
    sql("UPDATE vapisync.leftovers SET due_at = now() WHERE due_at IS NOT NULL");
  }
  std::vector<db::LeftoverClaim> due() {
    return engine.wait(engine.store().claim_leftovers(10, Milliseconds{60'000})).value();
  }

 private:
  int saves_{0};
  std::deque<db::Claim> claims_;  // reports point to them
};

TEST_F(Leftovers, WhatIsSurelyOursIsClaimedOnce) {
  settle_with("duplicate");
  const auto found = due();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].remote_id, "extra");
  EXPECT_EQ(found[0].kept, "attempt");
  EXPECT_EQ(found[0].credential_id, credential);
  EXPECT_TRUE(due().empty()) << "another daemon has it";
  EXPECT_TRUE(engine.wait(engine.store().end_leftover(found[0], false)).value());
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.leftovers"), "0");
}

TEST_F(Leftovers, WhatMayBeSomebodysIsOnlyListed) {
  for (const auto* reason : {"copy", "other_account"}) {
    settle_with(reason);
    EXPECT_TRUE(due().empty()) << reason;
    EXPECT_EQ(engine.wait(engine.store().next_leftover()).value(), std::nullopt);
    EXPECT_EQ(sql("SELECT reason FROM vapisync.leftovers"), reason);
    sql("DELETE FROM vapisync.leftovers");
  }
}

TEST_F(Leftovers, WhatTurnsOutNotToBeOursStaysListed) {
  settle_with("duplicate");
  const auto found = due().at(0);
  EXPECT_TRUE(engine.wait(engine.store().end_leftover(found, true)).value());
  EXPECT_EQ(sql("SELECT due_at IS NULL FROM vapisync.leftovers"), "t");
}

TEST_F(Leftovers, NothingGoesBeforeItsResourceIsAtRest) {
  settle_with("replaced");
  const auto& claim = save_and_claim();
  EXPECT_TRUE(due().empty());
  engine.settle(confirmed(claim));
  sql("UPDATE vapisync.leftovers SET due_at = now()");
  EXPECT_EQ(due().size(), 1U);
}

TEST_F(Leftovers, WhatAnyResourceHoldsIsNoLeftover) {
  settle_with("duplicate");
  const auto& other = save_and_claim("other");
  auto holds = confirmed(other);
  holds.remote.id = "extra";
  sql("DELETE FROM vapisync.leftovers");
  engine.settle(holds);
  sql("INSERT INTO vapisync.leftovers (account_id, kind, remote_id, resource_id, reason, due_at)"
      " SELECT 'account', 'assistant', 'extra', resource_id, 'duplicate', now()"
      " FROM vapisync.resources WHERE org_id = 'acme'");
  EXPECT_TRUE(due().empty());
}

TEST_F(Leftovers, NothingGoesWhileADependentStillHasToLetGo) {
  settle_with("replaced");
  value(app, save_agents("acme", "other", R"({"outbound":{"name":"B"}})"));
  sql("INSERT INTO vapisync.resource_refs (resource_id, refers_to, in_live)"
      " SELECT a.resource_id, b.resource_id, true FROM vapisync.resources a, vapisync.resources b"
      " WHERE a.key = 'outbound' AND b.key = 'inbound'");
  EXPECT_TRUE(due().empty());
}

TEST_F(Leftovers, NothingGoesThatABlockedDependentMayReferTo) {
  settle_with("replaced");
  value(app, save_agents("acme", "other", R"({"outbound":{"name":"B"}})"));
  sql("INSERT INTO vapisync.resource_refs (resource_id, refers_to, in_live)"
      " SELECT a.resource_id, b.resource_id, true FROM vapisync.resources a, vapisync.resources b"
      " WHERE a.key = 'outbound' AND b.key = 'inbound'");
  sql("DELETE FROM vapisync.work");
  sql("UPDATE vapisync.resources SET last_error = '{}' WHERE key = 'outbound'");
  EXPECT_TRUE(due().empty());
  sql("UPDATE vapisync.resources SET last_error = NULL, live_version = desired_version");
  sql("UPDATE vapisync.leftovers SET due_at = now()");
  EXPECT_EQ(due().size(), 1U);
}

TEST_F(Leftovers, AFileUnderWayWhenItsOrgMovesIsListedBesideTheOldOne) {
  engine.settle(confirmed(save_and_claim()));
  save_and_claim();
  sql("UPDATE vapisync.resources SET kind = 'file'");
  sql("SELECT vapisync.set_credential('acme', 'other', 'http://vapi.test', 'sealed', 'b', true)");
  EXPECT_EQ(sql("SELECT string_agg(reason, ' ' ORDER BY reason) FROM vapisync.leftovers"),
            "open_create other_account");
}

TEST_F(Leftovers, AnAdoptedResourcesObjectsAreNeverDeleted) {
  settle_with("replaced");
  sql("UPDATE vapisync.resources SET origin = 'adopted'");
  EXPECT_TRUE(due().empty());
}

TEST_F(Leftovers, ALateCreateIsLookedForWhenItCanLandNoMore) {
  const auto& claim = save_and_claim();
  sql("UPDATE vapisync.work SET token = 0");  // another daemon took it
  auto late = report(claim, db::Outcome::retry);
  late.wrote = true;
  late.wrote_keys = {"name"};
  late.wrote_marker = "late";
  engine.settle(late);
  EXPECT_TRUE(due().empty());
  const auto wait = engine.wait(engine.store().next_leftover()).value();
  ASSERT_TRUE(wait.has_value());
  EXPECT_GT(*wait, Engine::window / 2);
  EXPECT_LE(*wait, Engine::window);
}

TEST_F(Leftovers, ALateCreateOfADeletedResourceIsLookedForToo) {
  engine.settle(confirmed(save_and_claim()));
  value(app, "SELECT vapisync.delete_resource('acme', 'assistant', 'inbound', 'gone')");
  const auto claim = engine.claim().at(0);
  auto gone = report(claim, db::Outcome::confirmed);
  gone.remote = {};
  engine.settle(gone);
  sql("INSERT INTO vapisync.leftovers (account_id, kind, marker, resource_id, reason, due_at)"
      " SELECT 'account', 'assistant', 'late', resource_id, 'late_create', now()"
      " FROM vapisync.resources");
  ASSERT_EQ(due().size(), 1U);
}

TEST_F(Leftovers, WhatAnOrgLeavesInThePlatformsAccountGoesOnceTheNewIsLive) {
  engine.settle(confirmed(save_and_claim()));
  const auto own =
      sql("SELECT vapisync.set_credential('acme', 'own', 'http://vapi.test', 'sealed', 'b', true)");
  EXPECT_TRUE(due().empty()) << "the new one is not there yet";
  auto anew = confirmed(claims_again());
  anew.remote.id = "new";
  anew.remote.account_id = "b";
  engine.settle(anew);
  sql("UPDATE vapisync.leftovers SET due_at = now()");
  const auto found = due();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].credential_id, credential) << "by the platform's key, not by " << own;
}

TEST_F(Leftovers, WhatIsToGoIsNoFindForAnOrgThatCameBack) {
  const auto& claim = save_and_claim();
  const auto old = confirmed(claim);
  engine.settle(old);
  sql("SELECT vapisync.set_credential('acme', 'own', 'http://vapi.test', 'sealed', 'b', true)");
  sql("SELECT vapisync.grant_platform('acme')");
  const db::Found found{"account", "assistant", {old.remote.id, "another"}};
  EXPECT_EQ(engine.wait(engine.store().held_elsewhere(claim.resource_id, found)).value(),
            std::vector{old.remote.id});
}

TEST_F(Leftovers, WhatAResourceTakesOverIsNoLeftoverAnyMore) {
  settle_with("copy");
  auto adopted = confirmed(save_and_claim());
  adopted.remote.id = "extra";
  engine.settle(adopted);
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.leftovers WHERE object = 'extra'"), "0");
}

TEST_F(Leftovers, ACreateUnderWayWhenItsOrgMovesIsListedByItsMark) {
  save_and_claim();
  sql("SELECT vapisync.set_credential('acme', 'other', 'http://vapi.test', 'sealed', 'b', true)");
  EXPECT_EQ(sql("SELECT reason FROM vapisync.leftovers"), "open_create");
  EXPECT_EQ(sql("SELECT l.marker = m.installation_id || '/' || l.resource_id"
                " FROM vapisync.leftovers l, vapisync.meta m"),
            "t");
  EXPECT_TRUE(due().empty());
}

struct Mass404 : Leftovers {
  /// So many objects, each of an org of its own.
  void have(int objects) {
    for (int i = 0; i < objects; ++i) {
      engine.settle(confirmed(save_and_claim("org" + std::to_string(i))));
    }
  }
  void lose(int objects, bool open = false) {
    std::vector<db::Report> gone;
    std::vector<db::Claim> claims;
    sql("INSERT INTO vapisync.work (resource_id, org_id, kind, due_at)"
        " SELECT resource_id, org_id, kind, now() FROM vapisync.resources WHERE remote_id IS NOT "
        "NULL"
        " ORDER BY resource_id LIMIT " +
        std::to_string(objects));
    claims = engine.claim();
    for (auto& claim : claims) {
      claim.open = open;
      auto forgotten = report(claim, db::Outcome::forgotten);
      forgotten.remote = {};
      forgotten.error = make_error(Verdict::missing, "remote_gone", "the object is gone");
      gone.push_back(std::move(forgotten));
    }
    engine.settle(gone);
    sql("DELETE FROM vapisync.work");
  }
  std::string reason() {
    return sql("SELECT coalesce(paused_reason, 'active') FROM vapisync.credentials");
  }
};

TEST_F(Mass404, AFewObjectsThatAreGoneAreAnAccident) {
  have(4);
  lose(3);
  EXPECT_EQ(reason(), "active");
}

TEST_F(Mass404, ManyPauseTheCredentialUntilAnOperatorLooked) {
  have(6);
  lose(4);
  EXPECT_EQ(reason(), "mass_404");
  value(app, save_agents("org5", "more", R"({"inbound":{"name":"B"}})"));
  const auto orgs = engine.sweep();
  ASSERT_EQ(orgs.size(), 1U);
  EXPECT_TRUE(orgs[0].paused);
  EXPECT_FALSE(engine.wait(engine.store().resume_credential(credential)).value())
      << "an answer is no reason to go on";
  EXPECT_EQ(sql("SELECT vapisync.resume_credential('org5')"), "t");
  EXPECT_FALSE(engine.sweep().at(0).paused);
}

TEST_F(Mass404, WhatOurOwnLostDeletesMayHaveDoneDoesNotCount) {
  have(6);
  lose(4, true);
  EXPECT_EQ(reason(), "active");
}

TEST_F(Mass404, AStartOfADaemonResumesNothing) {
  have(6);
  lose(4);
  engine.wait(engine.store().register_platform("fingerprint", "http://vapi.test", true)).value();
  EXPECT_EQ(reason(), "mass_404");
  engine.wait(engine.store().register_platform("another key", "http://vapi.test", true)).value();
  EXPECT_EQ(reason(), "active");
}

TEST_F(Mass404, ATenthOfALargeAccountIsNotMany) {
  have(50);
  lose(4);
  EXPECT_EQ(reason(), "active");
  lose(2);
  EXPECT_EQ(reason(), "mass_404") << "they add up over ten minutes";
}

TEST_F(Mass404, WhatIsLongAgoDoesNotAddUp) {
  have(8);
  lose(3);
  sql("UPDATE vapisync.credentials SET gone_since = now() - interval '11 minutes'");
  lose(3);
  EXPECT_EQ(reason(), "active");
}

}  // namespace
}  // namespace vapisync::test
