#include "http/server.hpp"

#include <array>
#include <fmt/format.h>
#include <set>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "base/log.hpp"
#include "http/address.hpp"

namespace vapisync::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds discard_timeout{5};

ServerRequest to_request(bhttp::request<bhttp::string_body>&& message) {
  ServerRequest request;
  request.method = std::string(message.method_string());
  const std::string_view target = message.target();
  const size_t question = target.find('?');
  request.path = std::string(target.substr(0, question));
  if (question != std::string_view::npos) request.query = std::string(target.substr(question + 1));
  for (const auto& field : message) {
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  request.body = std::move(message.body());
  return request;
}

bhttp::response<bhttp::string_body> to_message(ServerResponse&& response, unsigned version,
                                               bool keep_alive) {
  bhttp::response<bhttp::string_body> message;
  message.version(version);
  message.result(static_cast<unsigned>(response.status));
  if (!response.content_type.empty()) {
    message.set(bhttp::field::content_type, response.content_type);
  }
  for (const auto& [name, value] : response.headers.items()) message.insert(name, value);
  message.body() = std::move(response.body);
  message.keep_alive(keep_alive);
  message.prepare_payload();
  return message;
}

class BeastServer final : public Server, public std::enable_shared_from_this<BeastServer> {
 public:
  BeastServer(asio::any_io_executor executor, Handler handler, ServerLimits limits)
      : acceptor_(executor), handler_(std::move(handler)), limits_(limits) {}

  boost::system::error_code open(const tcp::endpoint& endpoint) {
    boost::system::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    return error;
  }

  void run() {
    asio::co_spawn(acceptor_.get_executor(), accept(shared_from_this()), asio::detached);
  }

  [[nodiscard]] unsigned short port() const override { return port_; }

  void stop() override {
    stopped_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (auto* stream : sessions_) stream->close();
  }

 private:
  /// Known to `stop` for exactly as long as it lives, however it ends.
  class Session {
   public:
    Session(BeastServer& server, beast::tcp_stream& stream) : server_(server), stream_(stream) {
      server_.sessions_.insert(&stream_);
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { server_.sessions_.erase(&stream_); }

   private:
    BeastServer& server_;
    beast::tcp_stream& stream_;
  };

  static asio::awaitable<void> accept(std::shared_ptr<BeastServer> self) {
    while (!self->stopped_) {
      auto [error, socket] = co_await self->acceptor_.async_accept(as_result);
      if (self->stopped_) co_return;
      if (error) {
        // Out of descriptors or the like: breathe instead of spinning.
        asio::steady_timer pause(self->acceptor_.get_executor(), std::chrono::milliseconds(50));
        co_await pause.async_wait(as_result);
        continue;
      }
      if (self->sessions_.size() >= self->limits_.connections_max) continue;  // closes the socket
      boost::system::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      asio::co_spawn(self->acceptor_.get_executor(), serve(self, std::move(socket)),
                     asio::detached);
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<BeastServer> self, tcp::socket socket) {
    beast::tcp_stream stream(std::move(socket));
    const Session session(*self, stream);
    beast::flat_buffer buffer;
    while (!self->stopped_ && co_await self->serve_one(stream, buffer)) {
    }
  }

  /// False when the connection is done.
  asio::awaitable<bool> serve_one(beast::tcp_stream& stream, beast::flat_buffer& buffer) {
    bhttp::request_parser<bhttp::string_body> parser;
    parser.body_limit(limits_.body_bytes_max);
    stream.expires_after(limits_.idle_timeout);
    auto [read_error, read_bytes] = co_await bhttp::async_read(stream, buffer, parser, as_result);
    if (read_error == bhttp::error::body_limit) {
      ServerResponse refusal;
      refusal.status = 413;
      co_await write(stream, std::move(refusal), 11, false);
      co_await discard_rest(stream);
    }
    if (read_error) co_return false;
    stream.expires_never();  // a handler may take its time
    const bool keep_alive = parser.get().keep_alive();
    const unsigned version = parser.get().version();
    ServerResponse response = co_await answer(to_request(parser.release()));
    if (response.cut || stopped_) co_return false;
    co_return co_await write(stream, std::move(response), version, keep_alive);
  }

  /// A close with unread bytes resets the connection, and the answer may never be read.
  static asio::awaitable<void> discard_rest(beast::tcp_stream& stream) {
    beast::error_code error;
    stream.socket().shutdown(tcp::socket::shutdown_send, error);
    stream.expires_after(discard_timeout);
    std::array<char, 65536> bytes{};
    while (!error) {
      auto [read_error, size] = co_await stream.async_read_some(asio::buffer(bytes), as_result);
      error = read_error;
    }
  }

  asio::awaitable<ServerResponse> answer(ServerRequest request) {
    try {
      co_return co_await handler_(std::move(request));
    } catch (const boost::system::system_error&) {
      throw;  // cancellation
    } catch (const std::exception& bug) {
      log::error("http.handler_failed", {{"message", bug.what()}});
    }
    ServerResponse failure;
    failure.status = 500;
    failure.body = R"({"message":"internal error","statusCode":500})";
    co_return failure;
  }

  asio::awaitable<bool> write(beast::tcp_stream& stream, ServerResponse response, unsigned version,
                              bool keep_alive) {
    auto message = to_message(std::move(response), version, keep_alive);
    stream.expires_after(limits_.idle_timeout);
    auto [error, bytes] = co_await bhttp::async_write(stream, message, as_result);
    co_return !error && keep_alive;
  }

  tcp::acceptor acceptor_;
  Handler handler_;
  ServerLimits limits_;
  std::set<beast::tcp_stream*> sessions_;
  unsigned short port_{0};
  bool stopped_{false};
};

/// Keeps the server alive for its sessions, and stops it when the owner lets go.
class ServerHandle final : public Server {
 public:
  explicit ServerHandle(std::shared_ptr<BeastServer> server) : server_(std::move(server)) {}
  ServerHandle(const ServerHandle&) = delete;
  ServerHandle& operator=(const ServerHandle&) = delete;
  ~ServerHandle() override { server_->stop(); }
  [[nodiscard]] unsigned short port() const override { return server_->port(); }
  void stop() override { server_->stop(); }

 private:
  std::shared_ptr<BeastServer> server_;
};

}  // namespace

std::string ServerRequest::query_value(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view item = rest.substr(0, end);
    const size_t equals = item.find('=');
    if (percent_decode(item.substr(0, equals)) == name) {
      return equals == std::string_view::npos ? "" : percent_decode(item.substr(equals + 1));
    }
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return {};
}

Result<std::unique_ptr<Server>> listen(asio::any_io_executor executor, std::string_view address,
                                       Handler handler, ServerLimits limits) {
  const auto parsed = parse_address(address);
  if (!parsed) return parsed.error();
  boost::system::error_code error;
  tcp::resolver resolver(executor);
  const auto endpoints = resolver.resolve(parsed->host, parsed->port, error);
  if (error) {
    return make_error(Verdict::invalid, "bad_address",
                      fmt::format("can't resolve '{}': {}", parsed->host, error.message()));
  }
  auto server = std::make_shared<BeastServer>(executor, std::move(handler), limits);
  error = server->open(*endpoints.begin());
  if (error) {
    return make_error(Verdict::fatal, "bind_failed",
                      fmt::format("can't listen on {}: {}", address, error.message()));
  }
  server->run();
  return std::unique_ptr<Server>(std::make_unique<ServerHandle>(std::move(server)));
}

}  // namespace vapisync::http
