#include "db/queue_state.hpp"

#include <pqxx/pqxx>

namespace vapisync::db {
namespace {

/// A longer queue is told by this part of it: counting must cost less than working.
constexpr int64_t rows_max = 100'000;

}  // namespace

boost::asio::awaitable<Result<QueueState>> read_queue_state(Pool& pool, bool platform_for_all) {
  auto work = [platform_for_all](Connection& connection) {
    QueueState state;
    for (const auto& row : connection.call("queue_state", platform_for_all, rows_max)) {
      const auto family = row["family"].as<std::string>();
      const auto label = row["label"].as<std::string>("");
      const auto value = row["value"].as<int64_t>();
      if (family == "unconverged") state.unconverged[label] = value;
      if (family == "paused") state.paused_credentials[label] = value;
      if (family == "oldest") state.oldest_age_s = value;
      if (family == "leftovers") state.leftovers = value;
    }
    return state;
  };
  co_return co_await pool.run(std::move(work));
}

}  // namespace vapisync::db
