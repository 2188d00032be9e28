// What status reads: in a database with a long history, the queue and what is indexed for it.
#include <gtest/gtest.h>

#include "db/admin_store.hpp"
#include "db/embedded_sql.hpp"
#include "support/judge.hpp"

namespace vapisync::test {
namespace {

struct Status : Judge {
  pqxx::connection daemon = database.connect("app_daemon");

  db::AdminStore store() { return {daemon, db::AdminOptions{true, Milliseconds{100}}}; }
  json::Document status() { return store().status(std::chrono::seconds(900)).value(); }
  static int64_t unconverged(const json::Document& status, const char* state) {
    return json::int_or(*json::find(status, "unconverged"), state, -1);
  }
  static bool has_problem(const json::Document& status, const char* code) {
    for (const auto& problem : json::find(status, "problems")->GetArray()) {
      if (json::text_or(problem, "code", "") == code) return true;
    }
    return false;
  }
};

TEST_F(Status, CountsEveryResourceInTheStateItIsIn) {
  sql("INSERT INTO vapisync.credentials (base_url, fingerprint, platform) VALUES ('u', 'f', true)");
  save_and_accept("r0", R"({"inbound":{"name":"In"},"outbound":{"name":"Out"}})");
  EXPECT_EQ(json::find(status(), "oldest")->IsNull(), true);
  hold("h", R"({"inbound":{"voice":"bad"},"outbound":{"name":"New"}})");
  EXPECT_EQ(unconverged(status(), "due"), 2);
  claim();
  EXPECT_EQ(unconverged(status(), "flying"), 2);
  refuse("inbound", "voice");
  auto later = failed(*claimed.at("outbound"), db::Outcome::retry);
  later.delay = Milliseconds{60'000};
  engine.settle(later);
  const auto mixed = status();
  EXPECT_EQ(unconverged(mixed, "blocked"), 1);
  EXPECT_EQ(unconverged(mixed, "waiting"), 1);
  EXPECT_TRUE(has_problem(mixed, "blocked"));
  EXPECT_EQ(json::text_or(*json::find(mixed, "oldest"), "resource", ""), "assistant/outbound");

  sql("UPDATE vapisync.orgs SET paused_at = now()");
  EXPECT_EQ(unconverged(status(), "paused"), 1);
  EXPECT_EQ(unconverged(status(), "waiting"), 0);
  sql("UPDATE vapisync.orgs SET paused_at = NULL");
  sql("UPDATE vapisync.credentials SET state = 'paused', paused_reason = 'http_401'");
  EXPECT_EQ(unconverged(status(), "paused"), 1);
  EXPECT_TRUE(has_problem(status(), "keys_paused"));
}

TEST_F(Status, AnOrgWithoutAKeyIsAProblemOnlyIfNobodyLendsItOne) {
  sql("INSERT INTO vapisync.credentials (base_url, fingerprint, platform) VALUES ('u', 'f', true)");
  save("r0", R"({"inbound":{"name":"In"}})");
  EXPECT_FALSE(has_problem(status(), "no_key"));
  const auto granted =
      db::AdminStore(daemon, db::AdminOptions{}).status(std::chrono::seconds(900)).value();
  EXPECT_TRUE(has_problem(granted, "no_key"));
  EXPECT_EQ(unconverged(granted, "paused"), 1);
  sql("UPDATE vapisync.orgs SET paused_at = now()");
  const auto paused =
      db::AdminStore(daemon, db::AdminOptions{}).status(std::chrono::seconds(900)).value();
  EXPECT_FALSE(has_problem(paused, "no_key")) << "an operator keeps it waiting anyway";
}

TEST_F(Status, AKeyThatNoOrgUsesAnyMoreIsNoProblem) {
  save("r0", R"({"inbound":{"name":"In"}})");
  const auto set_key = [this](const std::string& fingerprint) {
    sql("SELECT vapisync.set_credential('acme', '" + fingerprint + "', 'u', 'sealed', 'a', false)");
  };
  const auto paused_keys = [this] {
    for (const auto& file : sql::engine()) {
      if (file.name != "queue_state") continue;
      pqxx::nontransaction tx(daemon);
      for (const auto& row : tx.exec_params(std::string(file.text), false, 1'000)) {
        if (row["family"].as<std::string>() == "paused") return row["value"].as<int>();
      }
    }
    return 0;
  };
  set_key("old");
  sql("UPDATE vapisync.credentials SET state = 'paused', paused_reason = 'http_401'");
  EXPECT_TRUE(has_problem(status(), "keys_paused"));
  EXPECT_EQ(paused_keys(), 1);
  set_key("new");
  EXPECT_FALSE(has_problem(status(), "keys_paused"));
  EXPECT_EQ(paused_keys(), 0);

  sql("INSERT INTO vapisync.credentials (base_url, fingerprint, platform, state, paused_reason)"
      " VALUES ('u', 'f', true, 'paused', 'http_401')");
  EXPECT_TRUE(has_problem(status(), "keys_paused")) << "it serves all";
  EXPECT_EQ(paused_keys(), 0) << "it serves those it was granted to, and there is none";
  sql("SELECT vapisync.grant_platform('acme')");
  EXPECT_EQ(paused_keys(), 1);
}

TEST_F(Status, ADaemonCountsAsLongAsItIsSeen) {
  EXPECT_TRUE(has_problem(status(), "no_daemon"));
  sql("INSERT INTO vapisync.daemons (daemon_id, version) VALUES ('d', '1')");
  EXPECT_FALSE(has_problem(status(), "no_daemon"));
  sql("UPDATE vapisync.daemons SET seen_at = now() - interval '16 seconds'");
  EXPECT_TRUE(has_problem(status(), "no_daemon"));
}

TEST_F(Status, OfDaemonsThatAreGoneItNamesTheLatestAndCountsAll) {
  sql("INSERT INTO vapisync.daemons (daemon_id, version, seen_at)"
      " SELECT 'gone' || i, '1', now() - interval '1 minute' * i FROM generate_series(1, 30) i");
  sql("INSERT INTO vapisync.daemons (daemon_id, version) VALUES ('alive', '1')");
  const auto found = status();
  const auto& daemons = *json::find(found, "daemons");
  ASSERT_EQ(daemons.Size(), 21U);
  EXPECT_EQ(json::text_or(daemons[0], "daemonId", ""), "alive");
  EXPECT_EQ(json::text_or(daemons[20], "daemonId", ""), "gone20");
  EXPECT_EQ(json::int_or(found, "daemonsGone", 0), 30);
}

TEST_F(Status, WhyNamesWhatAResourceWaitsForByReference) {
  value(app, test::save("acme", "t", R"([
    {"kind":"tool","key":"kb","payload":{"type":"endCall"}},
    {"kind":"assistant","key":"inbound","ask":{"vapi":{"model":{"toolIds":[{"$ref":"tool/kb"}]}}}}])"));
  const auto why = [&] {
    return json::to_text(
        store().why({"acme", "assistant", "inbound"}, Milliseconds{1'000}).value());
  };
  EXPECT_NE(why().find("tool/kb, which it refers to, is not in Vapi yet"), std::string::npos)
      << why();
  sql("UPDATE vapisync.resources SET live_version = 1, remote_id = 'x', account_id = 'y',"
      " settled_version = 1 WHERE kind = 'tool'");
  EXPECT_EQ(why().find("tool/kb, which it refers to"), std::string::npos) << why();
  sql("UPDATE vapisync.resources SET last_error = '{}' WHERE kind = 'tool'");
  sql("UPDATE vapisync.resources SET live_version = 0, remote_id = NULL WHERE kind = 'tool'");
  EXPECT_NE(why().find("tool/kb, which it refers to, is gone"), std::string::npos) << why();
}

TEST_F(Status, AKeyThatWaitsForSomebodyToLookIsNotResumedByARetry) {
  sql("INSERT INTO vapisync.credentials (base_url, fingerprint, platform, state, paused_reason,"
      " paused_until) VALUES ('u', 'f', true, 'paused', 'mass_404', 'infinity'),"
      " ('u', 'g', false, 'paused', 'http_401', now() + interval '1 minute')");
  EXPECT_EQ(store().end_pauses({}, {"ann"}).value().GetInt(), 1);
  const auto now = status();
  const auto& keys = *json::find(now, "keys");
  ASSERT_EQ(keys.Size(), 1U);
  EXPECT_TRUE(json::find(keys[0], "until")->IsNull());
}

TEST_F(Status, AnActThatAnApplicationHoldsUpGivesUpInPlainWords) {
  save_and_accept("r0", R"({"inbound":{"name":"In"}})");
  pqxx::work open(app);
  open.exec(save_agents("acme", "r1", R"({"inbound":{"name":"New"}})"));
  const auto answer = store().replay({1, 1}, false, true, {"ann"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().verdict, Verdict::retry);
  EXPECT_TRUE(answer.error().message.starts_with("an application holds")) << answer.error().message;
}

TEST_F(Status, ReadsNoHistoryHoweverLongItIs) {
  sql("INSERT INTO vapisync.orgs (org_id) SELECT 'org' || i FROM generate_series(1, 1000) i");
  sql("INSERT INTO vapisync.resources (org_id, kind, key, desired_version, settled_version,"
      " live_version) SELECT 'org' || i, 'assistant', 'inbound', 20, 20, 20"
      " FROM generate_series(1, 1000) i");
  sql("INSERT INTO vapisync.saves (save_id, org_id, request_id, content_hash, on_reject, "
      "open_count,"
      " state) SELECT gen_random_uuid(), 'org1', 'r' || i, '', 'hold', 0, 'synced'"
      " FROM generate_series(1, 20000) i");
  sql("INSERT INTO vapisync.outbox (resource_id, version, org_id, op, payload)"
      " SELECT r.resource_id, v, r.org_id, 'upsert', '{}'"
      " FROM vapisync.resources r, generate_series(1, 20) v");
  sql("INSERT INTO vapisync.outcomes (resource_id, version, state)"
      " SELECT resource_id, version, 'synced' FROM vapisync.outbox");
  for (const char* table : {"orgs", "resources", "saves", "outbox", "outcomes"}) {
    sql(std::string("ANALYZE vapisync.") + table);
  }
  std::string statement;
  for (const auto& file : sql::ops()) {
    if (file.name == "status") statement = file.text;
  }
  pqxx::work tx(daemon);
  std::string plan;
  for (const auto& row : tx.exec_params("EXPLAIN " + statement, 900, true)) {
    plan += std::string(row[0].c_str()) + "\n";
  }
  EXPECT_NE(plan.find("Scan"), std::string::npos);
  for (const char* table : {"outbox", "outcomes", "saves", "attempts", "resources"}) {
    EXPECT_EQ(plan.find(std::string("Seq Scan on ") + table), std::string::npos) << plan;
  }
  tx.abort();
  sql("TRUNCATE vapisync.resources CASCADE");  // they have no saves to be held against
}

}  // namespace
}  // namespace vapisync::test
