#pragma once
// A private Postgres for one test binary, and a fresh migrated database for one test.
// The cluster starts with the first TestDatabase and is gone with the process, however that ends.
#include <string>

#include <pqxx/connection>

namespace vapisync::test {

/// Roles: `postgres` (superuser), and as a Supabase project has them `anon`, `authenticated`,
/// `service_role` and the login `authenticator`; the logins `app_writer` (member of
/// vapisync_writer), `app_daemon` (member of vapisync_daemon), `app_plain` (member of nothing) and
/// `app_admin` (CREATEROLE, no superuser).
class TestCluster {
 public:
  static TestCluster& instance();
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;
  ~TestCluster();

  std::string url(const std::string& database, const std::string& user) const;
  void create_database(const std::string& name, const std::string& options);
  void drop_database(const std::string& name);

 private:
  TestCluster();
  std::string directory_;
  std::string port_;
};

enum class Contents { migrated, empty };

class TestDatabase {
 public:
  explicit TestDatabase(Contents contents = Contents::migrated);
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  ~TestDatabase();

  std::string url(const std::string& user = "postgres") const;
  pqxx::connection connect(const std::string& user = "postgres") const;

 private:
  std::string name_;
};

}  // namespace vapisync::test
