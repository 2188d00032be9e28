#pragma once
// A server on a port of its own and a client that speaks to it, both on one thread; and a peer
// that does to a connection whatever the test says.
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "http/server.hpp"
#include "http/transport.hpp"
#include "support/run.hpp"

namespace vapisync::http {

using tcp = boost::asio::ip::tcp;
constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);

struct World {
  std::string url(unsigned short port, std::string_view scheme = "http") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port);
  }

  ClientOptions options(const std::string& to) {
    ClientOptions out;
    out.origin = *parse_origin(to);
    out.user_agent = "vapisync-test/1";
    return out;
  }

  std::unique_ptr<Transport> connect_to(const std::string& to) { return connect(options(to)); }
  std::unique_ptr<Transport> connect(ClientOptions options) {
    auto client = make_client(context.get_executor(), std::move(options));
    EXPECT_TRUE(client) << client.error().message;
    return std::move(*client);
  }

  std::unique_ptr<Server> serve(Handler handler, ServerLimits limits = {}) {
    auto server = listen(context.get_executor(), "127.0.0.1:0", std::move(handler), limits);
    EXPECT_TRUE(server) << server.error().message;
    return std::move(*server);
  }

  Exchange send(Transport& client, Request request) {
    return test::run(context, client.send(std::move(request)));
  }

  boost::asio::io_context context;
};

inline Request make_request(Method method, std::string target, std::string body = {}) {
  Request request;
  request.method = method;
  request.target = std::move(target);
  request.body = std::move(body);
  request.timeout = std::chrono::seconds(10);
  return request;
}

/// Accepts connections and gives each to `serve`, counting them.
class Peer {
 public:
  using Serve = std::function<boost::asio::awaitable<void>(tcp::socket&, int connection)>;

  Peer(boost::asio::io_context& context, Serve serve)
      : acceptor_(context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
        serve_(std::move(serve)) {
    boost::asio::co_spawn(context, accept(), boost::asio::detached);
  }

  unsigned short port() { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] int connections() const { return connections_; }

  /// Reads one request, up to the end of its header; its text.
  static boost::asio::awaitable<std::string> read(tcp::socket& socket) {
    std::string text;
    co_await boost::asio::async_read_until(socket, boost::asio::dynamic_buffer(text), "\r\n\r\n",
                                           as_result);
    co_return text;
  }

  static boost::asio::awaitable<void> write(tcp::socket& socket, std::string text) {
    co_await boost::asio::async_write(socket, boost::asio::buffer(text), as_result);
  }

 private:
  boost::asio::awaitable<void> accept() {
    while (true) {
      auto [error, socket] = co_await acceptor_.async_accept(as_result);
      if (error) co_return;
      sockets_.push_back(std::make_unique<tcp::socket>(std::move(socket)));
      boost::asio::co_spawn(acceptor_.get_executor(), serve_(*sockets_.back(), ++connections_),
                            boost::asio::detached);
    }
  }

  tcp::acceptor acceptor_;
  Serve serve_;
  std::vector<std::unique_ptr<tcp::socket>> sockets_;
  int connections_{0};
};

/// A label of more than 63 characters is no name: nobody is asked for its address.
inline const std::string no_host(64, 'a');

inline const std::string ok_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

}  // namespace vapisync::http
