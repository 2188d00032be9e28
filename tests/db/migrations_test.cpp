// Migrations: from nothing, twice, many at once, by several kinds of administrators, and against a
// schema that is older or newer than the binary.
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "db/embedded_sql.hpp"
#include "db/migrator.hpp"
#include "support/database.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

TEST(Migrations, EmptyDatabaseIsMigratedToTheNewestVersion) {
  const TestDatabase database(Contents::empty);
  auto connection = database.connect();
  const auto before = db::migration_status(connection);
  ASSERT_TRUE(before);
  EXPECT_EQ(before->schema_version, 0);
  EXPECT_TRUE(before->applied.empty());
  EXPECT_FALSE(before->current());

  const auto run = db::migrate_up(connection);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->pending, before->pending);

  const auto after = db::migration_status(connection);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->schema_version, after->binary_version);
  EXPECT_TRUE(after->pending.empty());
  EXPECT_TRUE(after->functions_current);
  EXPECT_TRUE(after->current());
  EXPECT_TRUE(db::check_schema(connection));
}

TEST(Migrations, SecondRunChangesNothing) {
  const TestDatabase database;
  auto connection = database.connect();
  const auto dump =
      "SELECT md5(string_agg(name || checksum || applied_at, ',' ORDER BY name)) "
      "FROM vapisync.migrations";
  const auto before = value(connection, dump);
  const auto again = db::migrate_up(connection);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->pending.empty());
  EXPECT_EQ(value(connection, dump), before);
}

TEST(Migrations, TwentyAtOnceMigrateOnce) {
  const TestDatabase database(Contents::empty);
  std::vector<std::string> failures(20);
  {
    std::vector<std::jthread> racers;
    for (auto& failure : failures) {
      racers.emplace_back([&database, &failure] {
        auto connection = database.connect();
        const auto run = db::migrate_up(connection);
        if (!run) failure = run.error().message;
      });
    }
  }
  for (const auto& failure : failures) EXPECT_EQ(failure, "");
  auto connection = database.connect();
  EXPECT_EQ(value(connection, "SELECT count(*) FROM vapisync.agent_defaults"), "2");
  EXPECT_TRUE(db::check_schema(connection));
}

TEST(Migrations, TwoDatabasesOfOneClusterMigrateAtOnce) {
  const TestDatabase first(Contents::empty);
  const TestDatabase second(Contents::empty);
  std::string failures;
  {
    std::vector<std::jthread> racers;
    for (const auto* database : {&first, &second}) {
      racers.emplace_back([database, &failures] {
        auto connection = database->connect();
        const auto run = db::migrate_up(connection);
        if (!run) failures = run.error().message;
      });
    }
  }
  EXPECT_EQ(failures, "");
}

TEST(Migrations, NewerSchemaIsRefused) {
  const TestDatabase database;
  auto connection = database.connect();
  value(connection, "UPDATE vapisync.meta SET schema_version = 9999");
  const auto run = db::migrate_up(connection);
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, "schema_too_new");
  EXPECT_NE(run.error().message.find("install a newer vapisync"), std::string::npos);
}

TEST(Migrations, DaemonAcceptsNewerSchemaUnlessItNeedsANewerBinary) {
  const TestDatabase database;
  auto connection = database.connect("app_daemon");
  auto admin = database.connect();
  value(admin, "UPDATE vapisync.meta SET schema_version = 9999");
  EXPECT_TRUE(db::check_schema(connection));
  value(admin, "UPDATE vapisync.meta SET min_binary = 9999");
  const auto check = db::check_schema(connection);
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().code, "schema_too_new");
}

TEST(Migrations, DaemonSaysWhatIsMissing) {
  const TestDatabase database(Contents::empty);
  auto connection = database.connect("app_plain");
  auto check = db::check_schema(connection);
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().message,
            "the database has no vapisync schema: run `vapisync migrate up`");

  auto admin = database.connect();
  ASSERT_TRUE(db::migrate_up(admin));
  check = db::check_schema(connection);
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().code, "no_access");
  EXPECT_NE(check.error().message.find("GRANT vapisync_daemon TO"), std::string::npos);

  auto daemon = database.connect("app_daemon");
  EXPECT_TRUE(db::check_schema(daemon));
  value(admin, "UPDATE vapisync.meta SET schema_version = 1");
  check = db::check_schema(daemon);
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().code, "schema_too_old");
  EXPECT_NE(check.error().message.find("run `vapisync migrate up`"), std::string::npos);
}

TEST(Migrations, ChangedFunctionIsReplaced) {
  const TestDatabase database;
  auto connection = database.connect();
  value(connection,
        "CREATE OR REPLACE FUNCTION vapisync.known_kinds() RETURNS text[] LANGUAGE sql "
        "IMMUTABLE AS $$ SELECT ARRAY['nonsense'] $$");
  value(connection,
        "UPDATE vapisync.migrations SET checksum = 'old' WHERE name LIKE 'functions/40%'");
  const auto before = db::migration_status(connection);
  ASSERT_TRUE(before);
  EXPECT_FALSE(before->functions_current);
  EXPECT_EQ(before->pending.size(), 1u);
  ASSERT_TRUE(db::migrate_up(connection));
  EXPECT_EQ(value(connection, "SELECT vapisync.known_kinds()"), "{assistant,tool}");
}

TEST(Migrations, ChangedMigrationIsRefused) {
  const TestDatabase database;
  auto connection = database.connect();
  value(connection,
        "UPDATE vapisync.migrations SET checksum = 'other' WHERE name LIKE 'schema/0002%'");
  const auto run = db::migrate_up(connection);
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, "migration_changed");
}

TEST(Migrations, FailureLeavesTheDatabaseAsItWas) {
  const TestDatabase database(Contents::empty);
  auto connection = database.connect();
  value(connection, "CREATE SCHEMA vapisync CREATE TABLE bell (x int)");
  value(connection, "GRANT ALL ON SCHEMA vapisync TO vapisync_owner");
  EXPECT_FALSE(db::migrate_up(connection));
  EXPECT_EQ(value(connection, "SELECT to_regclass('vapisync.migrations') IS NULL"), "t");
}

TEST(Migrations, AdministratorWithoutSuperuserCanMigrate) {
  const TestDatabase database(Contents::empty);
  auto admin = database.connect();
  value(admin, "GRANT CREATE ON DATABASE " + admin.quote_name(admin.dbname()) + " TO app_admin");
  auto connection = database.connect("app_admin");
  const auto run = db::migrate_up(connection);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_TRUE(db::migrate_up(connection));
  EXPECT_EQ(value(admin,
                  "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class "
                  "WHERE relnamespace = 'vapisync'::regnamespace"),
            "vapisync_owner");
}

TEST(Migrations, NobodyElseCanMigrate) {
  const TestDatabase database(Contents::empty);
  auto connection = database.connect("app_plain");
  EXPECT_FALSE(db::migrate_up(connection));
}

TEST(Migrations, ScriptForPsqlDoesTheSameAndMayRunTwice) {
  const TestDatabase database(Contents::empty);
  const std::string command = "psql -q -v ON_ERROR_STOP=1 '" + database.url() + "' >/dev/null";
  for (int round = 0; round < 2; ++round) {
    std::FILE* psql = ::popen(command.c_str(), "w");
    ASSERT_NE(psql, nullptr);
    const auto script = db::migration_sql();
    std::fwrite(script.data(), 1, script.size(), psql);
    ASSERT_EQ(::pclose(psql), 0);
  }
  auto connection = database.connect();
  const auto status = db::migration_status(connection);
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->current());
}

TEST(Migrations, OpenTransactionOfAnApplicationDoesNotStopARunWithNothingToDo) {
  const TestDatabase database;
  auto application = database.connect();
  pqxx::work open(application);
  open.exec("SELECT vapisync.save_agents('org', 'request', '{\"inbound\": {}}')");
  auto connection = database.connect();
  value(connection, "SET statement_timeout = '20s'");
  const auto run = db::migrate_up(connection);
  EXPECT_TRUE(run) << run.error().message;
}

}  // namespace
}  // namespace vapisync::test
