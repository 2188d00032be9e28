#pragma once
// How the queue is, for the metrics: one cheap statement that also proves that the database
// answers.
#include <map>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "db/pool.hpp"

namespace vapisync::db {

struct QueueState {
  std::map<std::string, int64_t> unconverged;         ///< resources by state
  std::map<std::string, int64_t> paused_credentials;  ///< by reason
  int64_t oldest_age_s{0};
  int64_t leftovers{0};
};

/// `platform_for_all`: orgs without a key use the platform's.
boost::asio::awaitable<Result<QueueState>> read_queue_state(Pool& pool, bool platform_for_all);

}  // namespace vapisync::db
