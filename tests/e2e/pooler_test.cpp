// The daemon through a real PgBouncer in transaction mode: names of statements, settings of a
// session and LISTEN get lost there.
#include <gtest/gtest.h>

#include "support/bouncer.hpp"
#include "support/convergence.hpp"

namespace vapisync::test {
namespace {

struct Pooler : ::testing::Test {
  Stage stage;
  PostgresServer server;
  std::unique_ptr<Bouncer> bouncer;

  void SetUp() override {
    server.migrate();
    bouncer = std::make_unique<Bouncer>(server);
  }
  std::unique_ptr<Process> start(std::vector<std::string> more = {}) {
    more.push_back("database.url=" + bouncer->url());
    return stage.start_daemon(more);
  }
};

TEST_F(Pooler, EverythingConvergesAndNoStatementGetsLost) {
  const auto daemon = start({"database.listen_url=" + server.url("app_daemon")});
  const auto second = start({"database.listen_url=" + server.url("app_daemon")});
  for (int round = 0; round < 4; ++round) {
    for (int org = 0; org < 15; ++org) {
      pqxx::connection application(bouncer->url("postgres"));
      value(application, save_agents("org" + std::to_string(org), "r" + std::to_string(round),
                                     R"({"inbound":{"firstMessage":"round )" +
                                         std::to_string(round) + R"("},"outbound":{}})"));
    }
  }
  expect_equal(server.url(), stage.sandbox);
  EXPECT_EQ(stage.sandbox.requests("POST"), 30);
  for (const auto* process : {daemon.get(), second.get()}) {
    EXPECT_EQ(process->output().find("sql_26000"), std::string::npos);
    EXPECT_EQ(process->output().find("sql_42P05"), std::string::npos);
    EXPECT_EQ(process->output().find("\"level\":\"error\""), std::string::npos);
  }
}

TEST_F(Pooler, MissingPlanSettingsAreNamedAndWhatIsNamedMendsThem) {
  const auto daemon = stage.launch_daemon({"database.url=" + bouncer->url()});
  const auto missing = daemon->await("db.plan_settings_missing");
  const std::string hint(json::text_or(missing, "hint", ""));
  const auto statements = hint.find("ALTER ROLE");
  ASSERT_NE(statements, std::string::npos) << hint;
  server.sql(hint.substr(statements));
  bouncer = std::make_unique<Bouncer>(server);  // sessions take a role's settings when they begin
  const auto content = stage.launch_daemon({"database.url=" + bouncer->url()});
  content->await("db.pooled");
  server.sql(save_agents("acme", "r1", R"({"inbound":{"name":"Desk"}})"));
  content->await("sync.synced", of_request("r1"));
  EXPECT_EQ(content->output().find("db.plan_settings_missing"), std::string::npos);
  expect_equal(server.url(), stage.sandbox);
}

TEST_F(Pooler, WithoutADirectConnectionTheDaemonSaysSoAndPolls) {
  const auto daemon = start({"engine.poll_max_ms=60000"});
  const auto told = daemon->await("db.listen_pooled");
  EXPECT_NE(json::text_or(told, "hint", "").find("database.listen_url"), std::string_view::npos);
  for (int i = 0; i < 3; ++i) {
    const std::string request = "r" + std::to_string(i);
    server.sql(save_agents("acme", request, R"({"inbound":{"firstMessage":")" + request + "\"}}"));
    daemon->await("sync.synced", of_request(request));  // long before the minute is over
  }
  expect_equal(server.url(), stage.sandbox);
}

TEST_F(Pooler, WithADirectConnectionTheBellIsHeard) {
  const auto daemon =
      start({"engine.poll_max_ms=60000", "database.listen_url=" + server.url("app_daemon")});
  daemon->await("db.listening");
  for (int i = 0; i < 3; ++i) {
    const std::string request = "r" + std::to_string(i);
    server.sql(save_agents("acme", request, R"({"inbound":{"firstMessage":")" + request + "\"}}"));
    daemon->await("sync.synced", of_request(request));
  }
  expect_equal(server.url(), stage.sandbox);
}

TEST_F(Pooler, AServerThatRestartsBehindThePoolerLosesNothing) {
  server.sql(
      "ALTER ROLE app_daemon SET synchronous_commit = 'on'");  // the tests' servers have it off
  stage.sandbox.set_faults(R"([{"match":{"method":"POST"},"delay":{"ms":150}}])");
  const auto daemon = start();
  server.sql(save_agents("acme", "r1", R"({"inbound":{"name":"Desk"}})"));
  while (stage.sandbox.requests("POST") == 0) {
  }
  server.restart("immediate");
  daemon->await("sync.synced", of_request("r1"));
  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
  expect_equal(server.url(), stage.sandbox);
}

TEST_F(Pooler, AnOperatorsCommandsWorkAndDoctorNamesWhatIsMissing) {
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), VAPISYNC_BINARY);
    for (const auto& setting :
         {"database.url=" + bouncer->url(), "vapi.base_url=" + stage.sandbox.url()}) {
      words.emplace_back("--set");
      words.push_back(setting);
    }
    return run_program(words);
  };
  server.sql(save_agents("acme", "r1", R"({"inbound":{"name":"Desk"}})"));
  EXPECT_EQ(run({"org", "pause", "acme"}).exit_code, 0);
  EXPECT_EQ(run({"status"}).exit_code, 2) << "no daemon runs";
  EXPECT_NE(run({"outbox", "list"}).out.find("assistant/inbound"), std::string::npos);
  EXPECT_EQ(run({"why", "assistant/inbound", "--org", "acme"}).exit_code, 2);
  const Ran doctor = run({"doctor"});
  EXPECT_NE(doctor.out.find("ALTER ROLE"), std::string::npos) << doctor.out;
  EXPECT_NE(doctor.out.find("set database.listen_url to Postgres itself"), std::string::npos)
      << doctor.out;
}

}  // namespace
}  // namespace vapisync::test
