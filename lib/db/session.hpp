#pragma once
// What the daemon wants of a session: plan settings, its statements, and the right database.
#include <functional>
#include <mutex>
#include <string>

#include "base/error.hpp"
#include "db/connection.hpp"

namespace vapisync::db {

/// Plan settings and the engine's statements on a new connection. A pooler would hand the settings
/// to somebody else's session, so there they are left to the role.
void prepare_engine(Connection& connection);

/// The statements that give this role the plan settings it lacks; empty when it has them.
std::string missing_plan_settings(pqxx::connection& connection);

/// Asked of every new connection before anything is done with it: is this still the database that
/// the daemon works for? Throws Refused with what to do. Thread-safe.
class Admission {
 public:
  /// `detached` is called once the database forgot what this process knows: it must start again.
  explicit Admission(std::function<void(const Error&)> detached) : detached_(std::move(detached)) {}

  void admit(Connection& connection);

 private:
  void check_identity(Connection& connection);
  void advise(Connection& connection);
  void refuse(Error why);

  std::function<void(const Error&)> detached_;
  std::mutex mutex_;
  std::string installation_;  ///< empty until the first admission
  int timeline_{0};
  std::string told_;
  bool advised_{false};
};

}  // namespace vapisync::db
