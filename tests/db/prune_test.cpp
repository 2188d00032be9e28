// Old history goes, and nothing that is wanted, live or may still be undone goes with it.
#include <random>

#include "support/judge.hpp"

namespace vapisync::test {
namespace {

struct Prune : Judge {
  pqxx::connection daemon = database.connect("app_daemon");

  /// As if it had happened so long ago.
  void age(const std::string& request, int days) {
    const std::string then = "now() - interval '" + std::to_string(days) + " days'";
    const std::string save =
        "(SELECT save_id FROM vapisync.saves WHERE request_id = '" + request + "')";
    sql("UPDATE vapisync.outcomes d SET finished_at = " + then +
        " FROM vapisync.outbox o WHERE (o.resource_id, o.version) = (d.resource_id, d.version)"
        " AND o.save_id = " +
        save);
    sql("UPDATE vapisync.outbox SET created_at = " + then + " WHERE save_id = " + save);
    sql("UPDATE vapisync.saves SET created_at = " + then + ", finished_at = " + then +
        " WHERE finished_at IS NOT NULL AND save_id = " + save);
  }
  std::string prune(const std::string& retention = "30 days", bool dry_run = false) {
    return value(daemon,
                 "SELECT concat_ws(' ', a ->> 'entries', a ->> 'saves') FROM"
                 " vapisync.prune('" +
                     retention + "', 0, 1000, " + (dry_run ? "true" : "false") + ") a");
  }
  std::string history() {
    return sql(
        "SELECT string_agg(r.key || o.version, ' ' ORDER BY r.key, o.version)"
        " FROM vapisync.outbox o JOIN vapisync.resources r USING (resource_id)");
  }
  void edit_inbound(int times) {
    for (int i = 1; i <= times; ++i) {
      const auto request = "e" + std::to_string(i);
      save_and_accept(request, R"({"inbound":{"name":")" + request + "\"}}");
      age(request, 40);
    }
  }
};

TEST_F(Prune, WhatIsOldGoesWithItsOutcomesAndItsSave) {
  edit_inbound(4);
  EXPECT_EQ(prune("30 days", true), "3");
  EXPECT_EQ(history(), "inbound1 inbound2 inbound3 inbound4");
  EXPECT_EQ(prune(), "3 3");
  EXPECT_EQ(history(), "inbound4");
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.outcomes"), "1");
  EXPECT_EQ(sql("SELECT string_agg(request_id, ' ') FROM vapisync.saves"), "e4");
  EXPECT_EQ(prune(), "0 0");
  save_and_accept("next", R"({"inbound":{"firstMessage":"Hi"}})");
  EXPECT_EQ(in_vapi("inbound", "name"), "e4");
}

TEST_F(Prune, WhatIsYoungStays) {
  edit_inbound(2);
  save_and_accept("young", R"({"inbound":{"name":"young"}})");
  save_and_accept("younger", R"({"inbound":{"name":"younger"}})");
  EXPECT_EQ(prune(), "2 2");
  EXPECT_EQ(history(), "inbound3 inbound4");
}

TEST_F(Prune, ASaveStaysAsLongAsOneOfItsEntriesDoes) {
  save_and_accept("both", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
  age("both", 40);
  edit_inbound(1);
  EXPECT_EQ(prune(), "1 0");
  EXPECT_EQ(history(), "inbound2 outbound1");
  EXPECT_EQ(state("both"), "synced");
}

TEST_F(Prune, WhatIsLiveStaysWhileNewerVersionsAreRefused) {
  edit_inbound(2);
  hold("h", R"({"inbound":{"voice":"bad"}})");
  claim();
  refuse("inbound", "voice");
  age("h", 40);
  EXPECT_EQ(prune(), "1 1");
  EXPECT_EQ(history(), "inbound2 inbound3");
}

TEST_F(Prune, AFailedSaveWithinTheRetentionCanStillBeDiscarded) {
  edit_inbound(2);
  hold("h", R"({"inbound":{"voice":"bad","firstMessage":"Held"}})");
  claim();
  refuse("inbound", "voice");
  age("h", 10);
  save_and_accept("mend", R"({"inbound":{"voice":"Kylie"}})");
  age("mend", 40);
  edit_inbound(3);  // e1 and e2 are there already: only e3 is new
  EXPECT_EQ(prune(), "1 1") << "from the version before the failed one on";
  EXPECT_EQ(history(), "inbound2 inbound3 inbound4 inbound5");
  value(daemon, "SELECT vapisync.discard(1, 3, false, 'ann')");
  accept_the_rest();
  EXPECT_EQ(state("h"), "rolled_back");
  EXPECT_EQ(in_vapi("inbound", "name"), "e3");
  EXPECT_EQ(wanted("inbound", "voice || ' ' || first_message"), "Kylie Hello, how can I help you?");
}

TEST_F(Prune, AFailedSaveThatIsOldHoldsUpNothing) {
  hold("h", R"({"inbound":{"voice":"bad","firstMessage":"Held"}})");
  claim();
  refuse("inbound", "voice");
  age("h", 40);
  edit_inbound(1);
  save_and_accept("mend", R"({"inbound":{"voice":"Kylie"}})");
  age("mend", 40);
  prune();
  EXPECT_EQ(history(), "inbound3");
  save("r", R"({"inbound":{"voice":"worse"}})");
  claim();
  refuse("inbound", "voice");
  accept_the_rest();
  EXPECT_EQ(state("r"), "rolled_back");
  EXPECT_EQ(wanted("inbound", "voice || first_message"), "KylieHeld");
}

TEST_F(Prune, AnOpenSavesBeginningStaysWithItsWholeFold) {
  edit_inbound(1);
  save("open", R"({"inbound":{"firstMessage":"Open"},"outbound":{"name":"New"}})");
  claim();
  accept("inbound");
  save("e2", R"({"inbound":{"name":"e2"}})");
  claim();
  accept("inbound");
  age("e2", 40);
  EXPECT_EQ(prune(), "0 0");
  refuse("outbound");
  accept_the_rest();
  EXPECT_EQ(state("open"), "rolled_back");
  EXPECT_EQ(in_vapi("inbound", "name"), "e2");
}

TEST_F(Prune, AResourceThatAWriterHoldsIsLeftOut) {
  edit_inbound(3);
  pqxx::work open(app);
  open.exec(save_agents("acme", "w", R"({"inbound":{"name":"W"}})"));
  EXPECT_EQ(prune(), "0 0");
  open.commit();
  EXPECT_EQ(prune(), "2 2");
  accept_the_rest();
}

TEST_F(Prune, InBatchesEverybodyHasATurn) {
  save_and_accept("a", R"({"inbound":{"name":"1"},"outbound":{"name":"1"}})");
  save_and_accept("b", R"({"inbound":{"name":"2"},"outbound":{"name":"2"}})");
  age("a", 40);
  age("b", 40);
  std::string after = "0";
  int rounds = 0;
  for (; after != "null"; ++rounds) {
    after = value(daemon, "SELECT vapisync.prune('30 days', " + after + ", 1, false) ->> 'next'");
  }
  EXPECT_GE(rounds, 2);
  EXPECT_EQ(history(), "inbound2 outbound2");
}

TEST_F(Prune, OldAttemptsGo) {
  edit_inbound(1);
  sql("INSERT INTO vapisync.attempts (resource_id, version, at, phase) VALUES"
      " (1, 1, now() - interval '40 days', 'send'), (1, 1, now(), 'send')");
  prune();
  EXPECT_EQ(sql("SELECT count(*) FROM vapisync.attempts"), "1");
}

// Saves, refusals, discards and prunes in any order: every fold keeps saying what is wanted.
TEST_F(Prune, AtAnyMomentLeavesEveryFoldAsItWas) {
  std::mt19937 random(20261121);
  const auto chance = [&](unsigned of) { return random() % of == 0; };
  for (int step = 0; step < 120; ++step) {
    const auto request = "s" + std::to_string(step);
    const std::string field = chance(2) ? "name" : "firstMessage";
    std::string agents = R"({"inbound":{")" + field + R"(":")" + request + "\"}";
    if (chance(2)) agents += R"(,"outbound":{"name":")" + request + "\"}";
    agents += "}";
    chance(3) ? hold(request, agents) : save(request, agents);
    if (!chance(3)) {
      claimed.clear();
      claim();
      for (const auto& [role, claim] : claimed) chance(3) ? refuse(role, "name") : accept(role);
    }
    if (chance(2)) age("s" + std::to_string(random() % static_cast<unsigned>(step + 1)), 40);
    if (chance(6)) {
      const auto failed_entry = sql(
          "SELECT e.resource_id || ', ' || e.version FROM vapisync.entries e JOIN vapisync.saves s"
          " USING (save_id) WHERE s.state = 'failed' AND s.finished_at > now() - interval '30 days'"
          " AND e.cause <> 'rollback' ORDER BY e.version LIMIT 1");
      if (!failed_entry.empty()) {
        value(daemon, "SELECT vapisync.discard(" + failed_entry + ", false, 'ann')");
      }
    }
    if (chance(4)) prune();
    expect_folds();
  }
  accept_the_rest();
  for (int step = 0; step < 120; ++step) age("s" + std::to_string(step), 40);
  prune();
  EXPECT_LE(std::stoi(sql("SELECT count(*) FROM vapisync.outbox")), 2 + 2);
}

}  // namespace
}  // namespace vapisync::test
