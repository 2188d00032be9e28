#include "db/pool.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace vapisync::db {

namespace asio = boost::asio;

Pool::Pool(Secret url, int threads, std::function<void(pqxx::connection&)> prepare)
    : url_(std::move(url)), prepare_(std::move(prepare)), threads_(static_cast<size_t>(threads)) {}

Pool::~Pool() {
  threads_.stop();
  threads_.join();
}

asio::awaitable<Error> Pool::run_on_thread(const std::function<void(pqxx::connection&)>& work) {
  auto job = [](Pool* pool,
                const std::function<void(pqxx::connection&)>* what) -> asio::awaitable<Error> {
    co_return pool->run_blocking(*what);
  };
  co_return co_await asio::co_spawn(threads_, job(this, &work), asio::use_awaitable);
}

Error Pool::run_blocking(const std::function<void(pqxx::connection&)>& work) {
  try {
    Connection connection = take();
    try {
      work(*connection);
    } catch (const std::exception& thrown) {
      Error error = to_error(thrown);
      if (connection_lost(error) || !connection->is_open()) {
        drop_idle();
      } else {
        give_back(std::move(connection));
      }
      return error;
    }
    give_back(std::move(connection));
    return {};
  } catch (const std::exception& thrown) {
    return to_error(thrown);
  }
}

Pool::Connection Pool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Connection connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  auto connection = std::make_unique<pqxx::connection>(url_.reveal());
  prepare_(*connection);
  return connection;
}

/// When one connection broke the others most likely did: a server that went away takes them all.
void Pool::drop_idle() {
  std::vector<Connection> dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(idle_);
}

void Pool::give_back(Connection connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

}  // namespace vapisync::db
