#pragma once
// Blocking libpqxx work on a few threads of its own; coroutines await it and resume on their own
// executor. At most one connection a thread; a connection that broke is thrown away and the next
// work opens a new one. A server that stops answering is given up after a while.
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <pqxx/pqxx>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/metrics.hpp"
#include "base/secret.hpp"
#include "db/connection.hpp"
#include "db/pqxx_errors.hpp"

namespace vapisync::db {

class Pool {
 public:
  /// More than any statement may take (statement_timeout).
  static constexpr Milliseconds patience_default{45'000};

  /// `prepare` runs once on every new connection, on one of the pool's threads; a `Refused` that it
  /// throws is the answer to the work.
  Pool(Secret url, int threads, std::function<void(Connection&)> prepare,
       Milliseconds patience = patience_default);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Counts connections that take the place of a broken one. Before the first work.
  void count_reconnects(Counter reconnects) { reconnects_ = reconnects; }

  /// Runs `work(connection)` and returns what it returned, or the failure as an Error.
  template <class Work>
  auto run(Work work) -> boost::asio::awaitable<Result<std::invoke_result_t<Work, Connection&>>> {
    using Value = std::invoke_result_t<Work, Connection&>;
    std::optional<Result<Value>> result;
    const std::function<void(Connection&)> store = [&](Connection& connection) {
      result.emplace(boost::system::in_place_value, work(connection));
    };
    const Error failure = co_await run_on_thread(store);
    if (!result) result.emplace(boost::system::in_place_error, failure);
    co_return std::move(*result);
  }

 private:
  using Owned = std::unique_ptr<Connection>;
  using Job = std::function<void(Connection&)>;
  class Running;

  boost::asio::awaitable<Error> run_on_thread(const Job& work);
  Error run_blocking(const Job& work, Running& running);
  Error run_on(Owned connection, const Job& work, Running& running);
  Owned take(Running& running);
  Owned take_idle();
  void drop_idle();
  void count_connected();
  void give_back(Owned connection);

  Secret url_;
  std::function<void(Connection&)> prepare_;
  Milliseconds patience_;
  std::mutex mutex_;
  std::vector<Owned> idle_;
  std::set<std::shared_ptr<Running>> running_;
  bool trust_names_{true};  ///< false once a prepared statement got lost
  Counter reconnects_;
  size_t broken_{0};  ///< connections that nothing has taken the place of
  boost::asio::thread_pool threads_;
};

}  // namespace vapisync::db
