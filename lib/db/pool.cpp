#include "db/pool.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "db/conninfo.hpp"

namespace vapisync::db {

namespace asio = boost::asio;

/// The socket that a thread is blocked on; closing it for both sides is what wakes the thread.
class Pool::Running {
 public:
  void begin(int socket) {
    const std::lock_guard lock(mutex_);
    socket_ = socket;
    if (cut_) ::shutdown(socket_, SHUT_RDWR);
  }
  void end() {
    const std::lock_guard lock(mutex_);
    socket_ = -1;
  }
  void cut() {
    const std::lock_guard lock(mutex_);
    cut_ = true;
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
  }

 private:
  std::mutex mutex_;
  int socket_{-1};
  bool cut_{false};
};

namespace {

/// An idle server says nothing: what can be read is its farewell, or the end.
bool is_quiet(const Connection& connection) {
  pollfd waited{connection.sock(), POLLIN, 0};
  return ::poll(&waited, 1, 0) == 0;
}

/// A pooler that could not be told from a server hands statements to sessions that do not know
/// them.
bool name_was_lost(const Error& error) {
  return error.code == "sql_26000" || error.code == "sql_42P05";
}

/// A server that turned read-only is the wrong one now: the next connection may find the right one.
bool is_useless(const Error& error) {
  return connection_lost(error) || name_was_lost(error) || error.code == "sql_25006";
}

}  // namespace

Pool::Pool(Secret url, int threads, std::function<void(Connection&)> prepare, Milliseconds patience)
    : url_(with_timeouts(url)),
      prepare_(std::move(prepare)),
      patience_(patience),
      threads_(static_cast<size_t>(threads)) {}

Pool::~Pool() {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& running : running_) running->cut();
  }
  threads_.stop();
  threads_.join();
}

asio::awaitable<Error> Pool::run_on_thread(const Job& work) {
  auto running = std::make_shared<Running>();
  asio::steady_timer deadline(co_await asio::this_coro::executor, patience_);
  deadline.async_wait([running](const boost::system::error_code& cancelled) {
    if (!cancelled) running->cut();
  });
  auto job = [](Pool* pool, const Job* what,
                std::shared_ptr<Running> me) -> asio::awaitable<Error> {
    co_return pool->run_blocking(*what, *me);
  };
  {
    const std::lock_guard lock(mutex_);
    running_.insert(running);
  }
  Error error = co_await asio::co_spawn(threads_, job(this, &work, running), asio::use_awaitable);
  const std::lock_guard lock(mutex_);
  running_.erase(running);
  co_return error;
}

Error Pool::run_blocking(const Job& work, Running& running) {
  try {
    return run_on(take(running), work, running);
  } catch (const std::exception& thrown) {
    running.end();
    return to_error(thrown);
  }
}

Error Pool::run_on(Owned connection, const Job& work, Running& running) {
  try {
    running.begin(connection->sock());
    work(*connection);
    running.end();
  } catch (const std::exception& thrown) {
    running.end();
    Error error = to_error(thrown);
    if (name_was_lost(error)) {
      const std::lock_guard lock(mutex_);
      trust_names_ = false;
    }
    if (is_useless(error) || !connection->is_open()) {
      drop_idle();
    } else {
      give_back(std::move(connection));
    }
    return error;
  }
  // A job may have made do without what failed.
  connection->is_open() ? give_back(std::move(connection)) : drop_idle();
  return {};
}

Pool::Owned Pool::take(Running& running) {
  while (Owned idle = take_idle()) {
    if (is_quiet(*idle)) return idle;
    const std::lock_guard lock(mutex_);
    ++broken_;
  }
  auto connection = std::make_unique<Connection>(url_.reveal());
  running.begin(connection->sock());
  bool trust_names = true;
  {
    const std::lock_guard lock(mutex_);
    trust_names = trust_names_;
  }
  connection->find_out(trust_names);
  prepare_(*connection);
  count_connected();
  return connection;
}

Pool::Owned Pool::take_idle() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return nullptr;
  Owned connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

/// When one connection broke the others most likely did: a server that went away takes them all.
void Pool::drop_idle() {
  std::vector<Owned> dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(idle_);
  broken_ += 1 + dropped.size();
}

void Pool::count_connected() {
  const std::lock_guard lock(mutex_);
  if (broken_ == 0) return;
  --broken_;
  reconnects_.add();
}

void Pool::give_back(Owned connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

}  // namespace vapisync::db
