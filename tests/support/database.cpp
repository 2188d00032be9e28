#include "support/database.hpp"

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <stdlib.h>

#include <pqxx/pqxx>

#include "db/migrator.hpp"
#include "support/server.hpp"

namespace vapisync::test {
namespace {

constexpr const char* template_name = "vapisync_template";

constexpr const char* roles = R"(
  CREATE ROLE anon NOLOGIN;
  CREATE ROLE authenticated NOLOGIN;
  CREATE ROLE service_role NOLOGIN BYPASSRLS;
  CREATE ROLE authenticator LOGIN NOINHERIT IN ROLE anon, authenticated, service_role;
  CREATE ROLE app_plain LOGIN;
  CREATE ROLE app_admin LOGIN CREATEROLE;)";

constexpr const char* members = R"(
  CREATE ROLE app_writer LOGIN IN ROLE vapisync_writer;
  CREATE ROLE app_daemon LOGIN IN ROLE vapisync_daemon;)";

std::string make_directory() {
  std::string name = "/tmp/vapisync-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed in /tmp");
  return name;
}

void execute(const std::string& url, const std::string& statements) {
  pqxx::connection connection(url);
  pqxx::nontransaction tx(connection);
  tx.exec(statements);
}

void migrate(const std::string& url) {
  pqxx::connection connection(url);
  const auto done = db::migrate_up(connection);
  if (!done) throw std::runtime_error("migration failed: " + done.error().message);
}

}  // namespace

TestCluster& TestCluster::instance() {
  static TestCluster cluster;
  return cluster;
}

TestCluster::TestCluster() : directory_(make_directory()) {
  const auto printed = postgres_tool("start " + directory_);
  const auto port = printed.rfind("port=");
  if (port == std::string::npos) throw std::runtime_error("no port in: " + printed);
  port_ = printed.substr(port + 5, printed.find_first_of("&\n", port) - port - 5);
  execute(url("postgres", "postgres"), roles);
  create_database(template_name, "");
  migrate(url(template_name, "postgres"));
  execute(url("postgres", "postgres"), members);
}

TestCluster::~TestCluster() {
  try {
    postgres_tool("stop " + directory_);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

std::string TestCluster::url(const std::string& database, const std::string& user) const {
  return "postgresql://" + user + "@/" + database + "?host=" + directory_ + "&port=" + port_;
}

void TestCluster::create_database(const std::string& name, const std::string& options) {
  execute(url("postgres", "postgres"), "CREATE DATABASE " + name + options);
}

void TestCluster::drop_database(const std::string& name) {
  execute(url("postgres", "postgres"), "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
}

TestDatabase::TestDatabase(Contents contents) {
  static std::atomic<int> counter{0};
  name_ = "test_" + std::to_string(++counter);
  TestCluster::instance().create_database(
      name_, contents == Contents::migrated ? std::string(" TEMPLATE ") + template_name : "");
  // A copy of a database is told from its original; this one stands for an original.
  if (contents == Contents::migrated) execute(url(), "SELECT vapisync.settle_here()");
}

TestDatabase::~TestDatabase() {
  try {
    TestCluster::instance().drop_database(name_);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name_.c_str(), error.what());
  }
}

std::string TestDatabase::url(const std::string& user) const {
  return TestCluster::instance().url(name_, user);
}

pqxx::connection TestDatabase::connect(const std::string& user) const {
  return pqxx::connection(url(user));
}

}  // namespace vapisync::test
