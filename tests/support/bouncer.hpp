#pragma once
// A real PgBouncer in transaction mode in front of a Postgres server.
#include <memory>
#include <string>

#include "support/process.hpp"
#include "support/server.hpp"

namespace vapisync::test {

class Bouncer {
 public:
  explicit Bouncer(const PostgresServer& server);
  ~Bouncer();
  Bouncer(const Bouncer&) = delete;
  Bouncer& operator=(const Bouncer&) = delete;

  [[nodiscard]] std::string url(const std::string& user = "app_daemon") const;

 private:
  std::string directory_;
  std::unique_ptr<Process> process_;
};

}  // namespace vapisync::test
