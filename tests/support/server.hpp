#pragma once
// A Postgres server that one test has for itself, to stop, kill and promote.
#include <string>

namespace vapisync::test {

/// Runs tools/postgres and returns what it printed; throws when it failed.
std::string postgres_tool(const std::string& arguments);

class PostgresServer {
 public:
  PostgresServer();
  /// A streaming standby.
  explicit PostgresServer(const PostgresServer& primary);
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  /// The schema, and the login app_daemon, in the database `postgres`.
  void migrate();

  void restart(const std::string& mode);  ///< fast or immediate
  void kill();                            ///< SIGKILL, as when the machine is gone
  void start();                           ///< after kill, at the same address
  void promote();

  [[nodiscard]] std::string url(const std::string& user = "postgres",
                                const std::string& database = "postgres") const;
  /// The first value of a statement on a connection of its own.
  std::string sql(const std::string& statement) const;
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const std::string& port() const { return port_; }

 private:
  std::string directory_;
  std::string port_;
};

/// Logs in to whichever of the two takes writes.
std::string failover_url(const PostgresServer& first, const PostgresServer& second);

}  // namespace vapisync::test
