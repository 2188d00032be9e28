// Who may do what: as a Supabase project would call (anon, tenants, service_role) and as direct
// logins.
#include <gtest/gtest.h>
#include <vector>

#include "support/database.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

const std::string claims_a =
    R"({"role": "authenticated", "sub": "u1", "app_metadata": {"org_id": "a"}})";
const std::string claims_b =
    R"({"role": "authenticated", "sub": "u2", "app_metadata": {"org_id": "b"}})";

class Security : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* org : {"a", "b"})
      value(writer_, save_agents(org, "seed", R"({"inbound": {}})"));
  }

  /// One request as PostgREST makes it: the role and the verified claims of the token, for one
  /// transaction.
  template <class Action>
  auto request(const std::string& role, const std::string& claims, Action action) {
    pqxx::connection gateway(database_.url("authenticator"));
    pqxx::work tx(gateway);
    tx.exec("SELECT set_config('role', " + tx.quote(role) +
            ", true), set_config('request.jwt.claims', " + tx.quote(claims) + ", true)");
    return action(tx);
  }
  Refusal refused(const std::string& role, const std::string& claims,
                  const std::string& statement) {
    return request(role, claims, [&](pqxx::work& tx) { return refusal_in(tx, statement); });
  }
  std::string answer(const std::string& role, const std::string& claims,
                     const std::string& statement) {
    return request(role, claims,
                   [&](pqxx::work& tx) { return std::string(tx.exec(statement)[0][0].c_str()); });
  }

  const std::string save_a_ = save_agents("a", "r", R"({"inbound": {}})");
  const std::string save_b_ = save_agents("b", "r", R"({"inbound": {}})");
  TestDatabase database_;
  pqxx::connection admin_{database_.url()};
  pqxx::connection writer_{database_.url("app_writer")};
};

TEST_F(Security, TenantSavesItsOwnOrgOnly) {
  EXPECT_EQ(refused("authenticated", claims_a, save_a_).message, "");
  EXPECT_EQ(refused("authenticated", claims_b, save_b_).message, "");
  const auto other = refused("authenticated", claims_a, save_b_);
  EXPECT_EQ(other.sqlstate, not_allowed);
  EXPECT_NE(other.message.find("not allowed to act for org 'b'"), std::string::npos);
}

TEST_F(Security, EveryFunctionChecksTheOrg) {
  const std::vector<std::string> calls{
      save_b_,
      save("b", "r", "[]"),
      "SELECT vapisync.put_resource('b', 'assistant', 'inbound', '{}', 'r')",
      "SELECT vapisync.delete_resource('b', 'assistant', 'inbound', 'r')",
      "SELECT vapisync.save_status('b', 'seed')",
      "SELECT vapisync.save_agents(NULL, 'r', '{\"inbound\": {}}')"};
  for (const auto& call : calls) {
    EXPECT_EQ(refused("authenticated", claims_a, call).sqlstate, not_allowed) << call;
    EXPECT_EQ(refused("anon", "", call).sqlstate, not_allowed) << call;
  }
}

TEST_F(Security, TenantIsRecordedAsTheActor) {
  request("authenticated", claims_a, [&](pqxx::work& tx) {
    tx.exec(save_a_);
    tx.commit();
    return 0;
  });
  EXPECT_EQ(value(admin_, "SELECT actor FROM vapisync.saves WHERE request_id = 'r'"), "u1");
}

TEST_F(Security, TokensThatProveNothingAreRefused) {
  const std::vector<std::string> claims{
      R"({})",
      "null",
      R"("a")",
      R"({"org_id": "a"})",
      R"({"role": "authenticated"})",
      R"({"role": "authenticated", "app_metadata": {"org_id": null}})",
      R"({"role": "authenticated", "app_metadata": {"org_id": ["a"]}})",
      R"({"role": "authenticated", "app_metadata": "a"})",
      R"({"role": "authenticated", "user_metadata": {"org_id": "a"}})",
      R"({"role": "service_role"})"};  // the token says so, but the gateway did not become it
  for (const auto& claim : claims) {
    EXPECT_EQ(refused("authenticated", claim, save_a_).sqlstate, not_allowed) << claim;
  }
  EXPECT_EQ(refused("authenticated", "", save_a_).sqlstate, not_allowed);
  EXPECT_NE(refused("authenticated", "not json", save_a_).message, "");
}

TEST_F(Security, OrgClaimMayStandElsewhereButNeverInUserMetadata) {
  value(admin_, "UPDATE vapisync.meta SET org_claim_path = 'tenant'");
  EXPECT_EQ(refused("authenticated", R"({"tenant": "a"})", save_a_).message, "");
  EXPECT_EQ(refused("authenticated", claims_a, save_a_).sqlstate, not_allowed);
  EXPECT_EQ(
      refusal(admin_, "UPDATE vapisync.meta SET org_claim_path = 'user_metadata.org_id'").sqlstate,
      "23514");
}

TEST_F(Security, ServiceRoleSavesForAnyOrg) {
  const std::string claims = R"({"role": "service_role"})";
  EXPECT_EQ(refused("service_role", claims, save_a_).message, "");
  EXPECT_EQ(refused("service_role", claims, save_b_).message, "");
  EXPECT_EQ(answer("service_role", claims, "SELECT count(*) FROM vapisync.agents"), "2");
}

TEST_F(Security, WriterSavesForAnyOrgAndPlainLoginForNone) {
  EXPECT_EQ(refusal(writer_, save_a_).message, "");
  EXPECT_EQ(value(writer_, "SELECT count(*) FROM vapisync.agents"), "2");
  auto plain = database_.connect("app_plain");
  EXPECT_EQ(refusal(plain, save_a_).sqlstate, not_allowed);
  EXPECT_EQ(refusal(plain, "SELECT * FROM vapisync.agents").sqlstate, not_allowed);
  value(plain, "SELECT set_config('request.jwt.claims', '" + claims_a + "', false)");
  EXPECT_EQ(refusal(plain, save_a_).sqlstate, not_allowed);
}

TEST_F(Security, WriterWithATokenActsForThatOrgOnly) {
  value(writer_, "SELECT set_config('request.jwt.claims', '" + claims_a + "', false)");
  EXPECT_EQ(refusal(writer_, save_a_).message, "");
  EXPECT_EQ(refusal(writer_, save_b_).sqlstate, not_allowed);
}

TEST_F(Security, AdministratorWhoPlaysATenantWithoutATokenIsRefused) {
  pqxx::work tx(admin_);
  tx.exec("SET LOCAL ROLE authenticated");
  EXPECT_EQ(refusal_in(tx, save_a_).sqlstate, not_allowed);
}

TEST_F(Security, TenantReadsItsOwnRowsOnly) {
  for (const char* table : {"agents", "entries", "agent_documents"}) {
    EXPECT_EQ(answer("authenticated", claims_a,
                     std::string("SELECT string_agg(DISTINCT org_id, ',') FROM vapisync.") + table),
              "a");
  }
  value(
      admin_,
      "INSERT INTO vapisync.outcomes (resource_id, version, state) SELECT resource_id, 1, 'synced'"
      " FROM vapisync.resources");
  value(admin_,
        "INSERT INTO vapisync.attempts (resource_id, version, phase) SELECT resource_id, 1, 'send'"
        " FROM vapisync.resources");
  for (const char* table : {"orgs", "resources", "saves", "outbox", "outcomes", "attempts"}) {
    EXPECT_EQ(
        answer("authenticated", claims_b, std::string("SELECT count(*) FROM vapisync.") + table),
        "1")
        << table;
    EXPECT_EQ(answer("authenticated", "{}", std::string("SELECT count(*) FROM vapisync.") + table),
              "0")
        << table;
  }
}

TEST_F(Security, NobodyReadsSealedClaimOrCredentialColumns) {
  const std::vector<std::string> hidden{"SELECT * FROM vapisync.credentials",
                                        "SELECT * FROM vapisync.integrations",
                                        "SELECT * FROM vapisync.work",
                                        "SELECT * FROM vapisync.meta",
                                        "SELECT * FROM vapisync.leftovers",
                                        "SELECT * FROM vapisync.daemons",
                                        "SELECT credential_id FROM vapisync.orgs",
                                        "SELECT account_id FROM vapisync.resources",
                                        "SELECT live_hash FROM vapisync.resources",
                                        "SELECT content_hash FROM vapisync.saves",
                                        "SELECT daemon FROM vapisync.attempts",
                                        "SELECT last_value FROM vapisync.bell"};
  for (const auto& statement : hidden) {
    EXPECT_EQ(refused("authenticated", claims_a, statement).sqlstate, not_allowed) << statement;
    EXPECT_EQ(refusal(writer_, statement).sqlstate, not_allowed) << statement;
  }
}

TEST_F(Security, NobodyWritesTables) {
  pqxx::nontransaction list(admin_);
  const auto tables = list.exec(
      "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r'"
      " AND c.relnamespace = 'vapisync'::regnamespace");
  ASSERT_GT(tables.size(), 13u);
  for (const auto& table : tables) {
    const std::string name = table[0].c_str();
    for (const auto& statement :
         {"DELETE FROM " + name, "TRUNCATE " + name, "INSERT INTO " + name + " DEFAULT VALUES"}) {
      EXPECT_EQ(refusal(writer_, statement).sqlstate, not_allowed) << statement;
      EXPECT_EQ(refused("authenticated", claims_a, statement).sqlstate, not_allowed) << statement;
      EXPECT_EQ(refused("service_role", R"({"role": "service_role"})", statement).sqlstate,
                not_allowed)
          << statement;
    }
  }
}

TEST_F(Security, InnerFunctionsAreForNobody) {
  for (const char* call : {"SELECT vapisync.write_save('a', 'x', '[]', 'hold', 'changes')",
                           "SELECT vapisync.apply_ask('{}', '{}', 'inbound')",
                           "SELECT vapisync.ensure_work('a', 'assistant', 1, true)"}) {
    EXPECT_EQ(refusal(writer_, call).sqlstate, not_allowed) << call;
    EXPECT_EQ(refused("authenticated", claims_a, call).sqlstate, not_allowed) << call;
  }
}

TEST_F(Security, AnonAndPublicHaveNothing) {
  EXPECT_EQ(refused("anon", R"({"role": "anon"})", save_a_).sqlstate, not_allowed);
  EXPECT_EQ(refused("anon", claims_a, "SELECT * FROM vapisync.agents").sqlstate, not_allowed);
  EXPECT_EQ(
      value(admin_,
            "SELECT count(*) FROM pg_proc p, aclexplode(coalesce(proacl, acldefault('f', "
            "proowner))) a"
            " WHERE pronamespace = 'vapisync'::regnamespace AND a.grantee IN (0, 'anon'::regrole)"),
      "0");
  EXPECT_EQ(
      value(admin_,
            "SELECT count(*) FROM pg_class c, aclexplode(relacl) a"
            " WHERE relnamespace = 'vapisync'::regnamespace AND a.grantee IN (0, 'anon'::regrole)"),
      "0");
}

TEST_F(Security, DefinerFunctionsPinTheirSearchPathAndAuthorize) {
  EXPECT_EQ(
      value(
          admin_,
          "SELECT count(*) FROM pg_proc WHERE pronamespace = 'vapisync'::regnamespace AND prosecdef"
          " AND proconfig IS DISTINCT FROM '{\"search_path=pg_catalog, pg_temp\"}'"),
      "0");
  EXPECT_EQ(value(admin_,
                  "SELECT count(*) FROM pg_class WHERE relnamespace = 'vapisync'::regnamespace"
                  " AND relkind = 'r' AND NOT relrowsecurity"),
            "0");
}

// A shadowing object earlier in the caller's path must change nothing.
TEST_F(Security, CallersSearchPathIsNotUsed) {
  value(admin_,
        "CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;"
        " CREATE FUNCTION evil.char_length(text) RETURNS integer LANGUAGE sql AS 'SELECT 1';"
        " SET search_path = evil, pg_catalog");
  value(writer_, "SET search_path = evil, pg_catalog");
  EXPECT_EQ(
      refusal(writer_,
              save_agents("a", "x", R"({"inbound": {"name": ")" + std::string(50, 'x') + "\"}}"))
          .sqlstate,
      invalid_parameter);
}

TEST_F(Security, DaemonHasWhatItNeedsAndOwnsNothing) {
  auto daemon = database_.connect("app_daemon");
  EXPECT_EQ(refusal(daemon, save_a_).message, "");
  for (const char* statement :
       {"UPDATE vapisync.work SET token = nextval('vapisync.token_seq')",
        "DELETE FROM vapisync.work", "UPDATE vapisync.meta SET timeline = 1",
        "INSERT INTO vapisync.credentials (base_url, fingerprint) VALUES ('u', 'f')",
        "SELECT setval('vapisync.bell', 1)", "SELECT payload FROM vapisync.outbox"}) {
    EXPECT_EQ(refusal(daemon, statement).message, "") << statement;
  }
  EXPECT_EQ(refusal(daemon, "DROP TABLE vapisync.work").sqlstate, not_allowed);
  EXPECT_EQ(refusal(daemon, "DELETE FROM vapisync.migrations").sqlstate, not_allowed);
}

}  // namespace
}  // namespace vapisync::test
