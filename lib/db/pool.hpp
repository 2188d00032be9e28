#pragma once
// Blocking libpqxx work on a few threads of its own; coroutines await it and resume on their own
// executor. At most one connection a thread; a connection that broke is thrown away and the next
// work opens a new one.
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <pqxx/pqxx>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "db/pqxx_errors.hpp"

namespace vapisync::db {

class Pool {
 public:
  /// `prepare` runs once on every new connection.
  Pool(Secret url, int threads, std::function<void(pqxx::connection&)> prepare);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Runs `work(connection)` and returns what it returned, or the failure as an Error.
  template <class Work>
  auto run(Work work)
      -> boost::asio::awaitable<Result<std::invoke_result_t<Work, pqxx::connection&>>> {
    using Value = std::invoke_result_t<Work, pqxx::connection&>;
    std::optional<Result<Value>> result;
    const std::function<void(pqxx::connection&)> store = [&](pqxx::connection& connection) {
      result.emplace(boost::system::in_place_value, work(connection));
    };
    const Error failure = co_await run_on_thread(store);
    if (!result) result.emplace(boost::system::in_place_error, failure);
    co_return std::move(*result);
  }

 private:
  using Connection = std::unique_ptr<pqxx::connection>;

  boost::asio::awaitable<Error> run_on_thread(const std::function<void(pqxx::connection&)>& work);
  Error run_blocking(const std::function<void(pqxx::connection&)>& work);
  Connection take();
  void drop_idle();
  void give_back(Connection connection);

  Secret url_;
  std::function<void(pqxx::connection&)> prepare_;
  std::mutex mutex_;
  std::vector<Connection> idle_;
  boost::asio::thread_pool threads_;
};

}  // namespace vapisync::db
