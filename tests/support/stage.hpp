#pragma once
// Everything an end-to-end test plays on: a database of its own, the sandbox and daemons as real
// processes, and short words for what happens between them.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <pqxx/pqxx>

#include "base/json.hpp"
#include "support/database.hpp"
#include "support/process.hpp"
#include "support/sql.hpp"

namespace vapisync::test {

/// One HTTP exchange with a server of this machine; throws when there is no answer.
struct HttpAnswer {
  int status{0};
  std::string body;
};
HttpAnswer http_exchange(const std::string& base_url, const std::string& method,
                         const std::string& target, const std::string& body = {},
                         std::chrono::milliseconds patience = std::chrono::seconds(30));

class SandboxProcess {
 public:
  SandboxProcess();

  [[nodiscard]] std::string url() const { return url_; }
  [[nodiscard]] int port() const { return port_; }
  void set_faults(const std::string& rules);  ///< a JSON array; throws when refused
  void clear_faults() { set_faults("[]"); }

  /// What came after entry `since`.
  json::Document journal(uint64_t since = 0);
  json::Document state();
  /// Requests of this method that the sandbox carried out or refused.
  int requests(const std::string& method);
  /// Returns when that many requests of this method have arrived, finished or not.
  void await_requests(const std::string& method, int count = 1);
  int assistants();
  void edit(const std::string& id, const std::string& body);  ///< as the dashboard would
  void remove(const std::string& id);

 private:
  json::Document get(const std::string& target);
  Process process_;
  int port_;
  std::string url_;
};

/// Short times, so that what takes minutes in production takes milliseconds here:
/// a request may take 1 s, W is 1.6 s, a lease 2.5 s.
std::vector<std::string> fast_settings();

class Stage {
 public:
  explicit Stage(Contents contents = Contents::migrated);

  /// A daemon that is ready to work. `more` are further `section.key=value` settings.
  std::unique_ptr<Process> start_daemon(const std::vector<std::string>& more = {});
  /// The same, not yet ready.
  std::unique_ptr<Process> launch_daemon(const std::vector<std::string>& more = {});
  /// What every daemon of this stage is given.
  [[nodiscard]] std::vector<std::string> settings() const;
  /// A file of this stage.
  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }

  void save(const std::string& org, const std::string& request, const std::string& agents);
  json::Document status(const std::string& org, const std::string& request);
  std::string sql(const std::string& statement) { return value(connection, statement); }
  std::string assistant_id(const std::string& org, const std::string& role);

  TestDatabase database;
  SandboxProcess sandbox;
  pqxx::connection connection;
  std::string key_file;
  std::vector<std::string> environment;  ///< NAME=VALUE, of daemons to come

 private:
  std::string directory_;
};

/// Where a daemon answers /metrics and the like.
std::string pages_of(const Process& daemon);

/// For Process::await: the line is about this request.
Process::Wanted of_request(const std::string& request);

}  // namespace vapisync::test
