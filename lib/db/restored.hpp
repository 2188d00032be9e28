#pragma once
// Databases that came back from a backup, a failover or a copy: what the operator decides, and the
// bit by bit work of looking at everything again. The rules are in sql/functions/87_restored.sql.
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "db/pool.hpp"

namespace vapisync::db {

/// JSON: identity (same, other_timeline, other_database), installationId, resources, withId,
/// toTouch.
Result<std::string> restored_status(pqxx::connection& connection);
/// JSON: resources, withoutId.
Result<std::string> resync(pqxx::connection& connection);
/// JSON: resources, forgotten, installationId.
Result<std::string> detach(pqxx::connection& connection);

struct Touched {
  int resources{0};
  bool more{false};
};

/// Makes the next few due. At most `due_max` wait on one credential, so that saves go first.
boost::asio::awaitable<Result<Touched>> touch_restored(Pool& pool, int due_max);

}  // namespace vapisync::db
