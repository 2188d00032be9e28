#include "http/connection.hpp"

#include <fmt/format.h>
#include <type_traits>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

namespace vapisync::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

constexpr size_t read_bytes = 16 * 1024;  ///< most answers in one read; Beast begins with 512

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

TransportFailure failure(std::string code, const Origin& origin, std::string_view what,
                         bool sent = false) {
  return {std::move(code), fmt::format("{}:{}: {}", origin.host, origin.port, what), sent};
}

TransportFailure lost(const Origin& origin, const beast::error_code& error) {
  if (error == beast::error::timeout) {
    return failure("timeout", origin, "no complete answer within the request timeout", true);
  }
  if (error.category() == bhttp::make_error_code(bhttp::error::end_of_stream).category() &&
      error != bhttp::error::end_of_stream && error != bhttp::error::partial_message) {
    return failure("bad_answer", origin, "not an HTTP answer we accept: " + error.message(), true);
  }
  return failure("connection_lost", origin, "closed before it answered: " + error.message(), true);
}

template <class Stream>
class StreamConnection final : public Connection {
 public:
  template <class... Args>
  StreamConnection(asio::any_io_executor executor, const ClientOptions& options, Args&... args)
      : options_(options),
        common_head_(fmt::format("Host: {}\r\nUser-Agent: {}\r\nAccept: application/json\r\n",
                                 options.origin.host_header(), options.user_agent)),
        resolver_(executor),
        stream_(executor, args...) {}

  asio::awaitable<TransportFailure> connect(Deadline deadline) override {
    tcp_layer().expires_at(deadline);
    auto [resolve_error, endpoints] =
        co_await resolver_.async_resolve(options_.origin.host, options_.origin.port, as_result);
    if (resolve_error) {
      co_return failure("connect_failed", options_.origin, resolve_error.message());
    }
    auto [error, endpoint] = co_await tcp_layer().async_connect(endpoints, as_result);
    if (error) co_return failure("connect_failed", options_.origin, error.message());
    beast::error_code ignored;
    tcp_layer().socket().set_option(tcp::no_delay(true), ignored);
    tcp_layer().socket().non_blocking(true, ignored);
    buffer_.reserve(read_bytes);
    if constexpr (std::is_same_v<Stream, TlsStream>) co_return co_await handshake();
    co_return TransportFailure{};
  }

  asio::awaitable<Exchange> exchange(const Request& request, Deadline deadline) override {
    const std::string message = to_text(request);
    tcp_layer().expires_at(deadline);
    auto [write_error, written] =
        co_await asio::async_write(stream_, asio::buffer(message), as_result);
    if (write_error) {
      keep_alive_ = false;
      co_return lost(options_.origin, write_error);
    }
    bhttp::response_parser<bhttp::string_body> parser;
    parser.body_limit(options_.response_bytes_max);
    auto [read_error, read] = co_await bhttp::async_read(stream_, buffer_, parser, as_result);
    if (read_error) {
      keep_alive_ = false;
      co_return lost(options_.origin, read_error);
    }
    answered_at_ = std::chrono::steady_clock::now();
    keep_alive_ = parser.get().keep_alive();
    tcp_layer().expires_never();
    co_return to_response(parser.release());
  }

  bool usable() override {
    // Idle connections are silent: readable means closed, or a stray answer.
    beast::error_code error;
    auto& socket = tcp_layer().socket();
    if (!socket.is_open() || buffer_.size() != 0) return false;
    char byte = 0;
    socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
    return error == asio::error::would_block;
  }

  [[nodiscard]] bool keep_alive() const override { return keep_alive_; }
  [[nodiscard]] Deadline answered_at() const override { return answered_at_; }

 private:
  beast::tcp_stream& tcp_layer() { return beast::get_lowest_layer(stream_); }

  asio::awaitable<TransportFailure> handshake() {
    const std::string& host = options_.origin.host;
    if (SSL_set_tlsext_host_name(stream_.native_handle(), host.c_str()) != 1) {
      co_return failure("tls_failed", options_.origin, "can't set the server name");
    }
    stream_.set_verify_callback(asio::ssl::host_name_verification(host));
    auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::client, as_result);
    if (!error) co_return TransportFailure{};
    const long verified = SSL_get_verify_result(stream_.native_handle());
    const std::string why = verified == X509_V_OK
                                ? error.message()
                                : std::string(X509_verify_cert_error_string(verified));
    co_return failure("tls_failed", options_.origin, why);
  }

  /// Head and body in one piece, which leaves with one call. Beast's serializer costs several times
  /// as much as all else that is done for a request here.
  [[nodiscard]] std::string to_text(const Request& request) const {
    std::string text;
    text.reserve(512 + request.body.size());
    text.append(to_string(request.method)).append(" ").append(options_.origin.prefix);
    text.append(request.target).append(" HTTP/1.1\r\n").append(common_head_);
    if (!request.bearer.empty()) {
      text.append("Authorization: Bearer ").append(request.bearer.reveal()).append("\r\n");
    }
    if (!request.body.empty()) text.append("Content-Type: application/json\r\n");
    const bool may_have_body = request.method == Method::post || request.method == Method::put;
    if (may_have_body || !request.body.empty()) {
      text.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
    }
    return text.append("\r\n").append(request.body);
  }

  static Response to_response(bhttp::response<bhttp::string_body>&& message) {
    Response response;
    response.status = static_cast<int>(message.result_int());
    for (const auto& field : message) {
      response.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    response.body = std::move(message.body());
    return response;
  }

  const ClientOptions& options_;
  const std::string common_head_;  ///< fields that all requests have
  tcp::resolver resolver_;
  Stream stream_;
  beast::flat_buffer buffer_;
  bool keep_alive_{false};
  Deadline answered_at_{};
};

}  // namespace

std::unique_ptr<Connection> make_plain_connection(asio::any_io_executor executor,
                                                  const ClientOptions& options) {
  return std::make_unique<StreamConnection<beast::tcp_stream>>(std::move(executor), options);
}

std::unique_ptr<Connection> make_tls_connection(asio::any_io_executor executor,
                                                const ClientOptions& options,
                                                asio::ssl::context& context) {
  return std::make_unique<StreamConnection<TlsStream>>(std::move(executor), options, context);
}

}  // namespace vapisync::http
