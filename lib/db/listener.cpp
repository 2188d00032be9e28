#include "db/listener.hpp"

#include <algorithm>
#include <charconv>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pqxx/notification>
#include <pqxx/pqxx>

#include "base/log.hpp"
#include "db/connection.hpp"
#include "db/conninfo.hpp"
#include "db/pqxx_errors.hpp"

namespace vapisync::db {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds pause_first{100};
constexpr Milliseconds pause_max{5'000};

/// Anybody may notify: what is no id says that anything may be due.
std::optional<int64_t> to_resource(std::string_view payload) {
  int64_t id = 0;
  const char* end = payload.data() + payload.size();
  const auto [stopped, error] = std::from_chars(payload.data(), end, id);
  return error == std::errc{} && stopped == end ? std::optional(id) : std::nullopt;
}

class Receiver final : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection& connection, const Listener::Rung& rung)
      : pqxx::notification_receiver(connection, "vapisync"), rung_(rung) {}
  void operator()(const std::string& payload, int) override { rung_(to_resource(payload)); }

 private:
  const Listener::Rung& rung_;
};

}  // namespace

struct Listener::Session {
  explicit Session(const asio::any_io_executor& executor) : socket(executor) {}
  std::unique_ptr<pqxx::connection> connection;
  std::unique_ptr<Receiver> receiver;
  asio::posix::stream_descriptor socket;  // a duplicate: libpq owns its own
  asio::thread_pool thread{1};            // connecting blocks
};

Listener::Listener(Secret url, Clock& clock, Rung rung)
    : url_(with_timeouts(url)), clock_(clock), rung_(std::move(rung)), pause_(clock.make_timer()) {}

/// A server that went silent while it was asked to listen would hold up the end of the process.
Listener::~Listener() {
  if (session_ && session_->connection) ::shutdown(session_->connection->sock(), SHUT_RDWR);
}

void Listener::stop() {
  stopping_ = true;
  pause_->cancel();
  if (session_) session_->socket.close();
}

/// Once for each reason. Runs on the listener's thread while the loop waits for it.
void Listener::tell(const Error& why) {
  if (why.message == told_) return log::failure(log::Level::debug, "db.listen_failed", why);
  told_ = why.message;
  log::failure(log::Level::warning, "db.not_listening", why,
               "the daemon polls instead; see database.listen_url");
}

asio::awaitable<void> Listener::run() {
  session_ = std::make_unique<Session>(co_await asio::this_coro::executor);
  Milliseconds pause = pause_first;
  while (!stopping_) {
    const Connected connected = co_await connect();
    if (connected == Connected::pooled) co_return;
    if (connected == Connected::yes && !stopping_) {
      pause = pause_first;
      co_await listen();
    }
    session_->receiver.reset();
    session_->connection.reset();
    if (stopping_) break;
    co_await pause_->wait_until(clock_.now() + pause);
    pause = std::min(pause * 2, pause_max);
  }
}

Listener::Connected Listener::connect_blocking() try {
  Session& session = *session_;
  session.connection = std::make_unique<pqxx::connection>(url_.reveal());
  if (is_pooled(*session.connection)) {
    log::warning("db.listen_pooled",
                 {{"hint",
                   "a pooler does not pass notifications on, so the daemon polls: set "
                   "database.listen_url to the address of Postgres itself"}});
    session.connection.reset();
    return Connected::pooled;
  }
  session.receiver = std::make_unique<Receiver>(*session.connection, rung_);
  // libpqxx keeps silent about a connection that is lost just while it asks to listen.
  if (!session.connection->is_open()) throw pqxx::broken_connection("lost while asking to listen");
  return Connected::yes;
} catch (const std::exception& thrown) {
  tell(to_error(thrown));
  return Connected::no;
}

asio::awaitable<Listener::Connected> Listener::connect() {
  auto job = [](Listener* self) -> asio::awaitable<Connected> {
    co_return self->connect_blocking();
  };
  co_return co_await asio::co_spawn(session_->thread, job(this), asio::use_awaitable);
}

asio::awaitable<void> Listener::listen() {
  Session& session = *session_;
  boost::system::error_code no_socket;
  session.socket.assign(::dup(session.connection->sock()), no_socket);
  if (no_socket) co_return;
  listening_ = true;
  log::debug("db.listening");
  if (!told_.empty()) log::info("db.listening_again");
  told_.clear();
  rung_({});  // whatever rang before is lost: look
  while (!stopping_) {
    try {
      session.connection->get_notifs();
    } catch (const std::exception& thrown) {
      tell(to_error(thrown));
      break;
    }
    auto [error] = co_await session.socket.async_wait(asio::posix::descriptor_base::wait_read,
                                                      asio::as_tuple(asio::use_awaitable));
    if (error) break;
  }
  listening_ = false;
  session.socket.close();
}

}  // namespace vapisync::db
