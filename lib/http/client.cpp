// The keep-alive pool: the most recently used connection first, dead ones dropped unseen.
#include <deque>
#include <stdexcept>

#include <boost/asio/ssl/context.hpp>

#include "http/connection.hpp"
#include "http/transport.hpp"

namespace vapisync::http {
namespace {

namespace asio = boost::asio;

class Client final : public Transport {
 public:
  Client(asio::any_io_executor executor, ClientOptions options)
      : executor_(std::move(executor)), options_(std::move(options)) {}

  Result<> load_certificates() {
    if (!options_.origin.tls) return {};
    boost::system::error_code error;
    tls_.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                     asio::ssl::context::no_tlsv1_1);
    tls_.set_verify_mode(asio::ssl::verify_peer);
    if (options_.ca_file.empty()) {
      tls_.set_default_verify_paths(error);
    } else {
      tls_.load_verify_file(options_.ca_file, error);
    }
    if (!error) return {};
    return make_error(Verdict::fatal, "certificates",
                      "can't load the certificate store: " + error.message());
  }

  asio::awaitable<Exchange> send(Request request) override {
    const auto deadline = std::chrono::steady_clock::now() + request.timeout;
    auto connection = take_idle(request.method == Method::post);
    if (!connection) {
      connection = open();
      TransportFailure failure = co_await connection->connect(deadline);
      if (!failure.code.empty()) co_return failure;
    }
    Exchange exchange = co_await connection->exchange(request, deadline);
    if (connection->keep_alive() && idle_.size() < options_.idle_connections_max) {
      idle_.push_back(std::move(connection));
    }
    co_return exchange;
  }

 private:
  std::unique_ptr<Connection> open() {
    return options_.origin.tls ? make_tls_connection(executor_, options_, tls_)
                               : make_plain_connection(executor_, options_);
  }

  std::unique_ptr<Connection> take_idle(bool must_be_fresh) {
    while (!idle_.empty()) {
      // The newest is last: when it is not fresh, none is.
      const auto age = std::chrono::steady_clock::now() - idle_.back()->answered_at();
      if (must_be_fresh && age > options_.fresh_for) return nullptr;
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->usable()) return connection;
    }
    return nullptr;
  }

  asio::any_io_executor executor_;
  ClientOptions options_;
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  std::deque<std::unique_ptr<Connection>> idle_;
};

}  // namespace

void throw_exception_from_error(const TransportFailure& failure, const boost::source_location&) {
  throw std::logic_error("unchecked transport failure: " + failure.message);
}

Result<std::unique_ptr<Transport>> make_client(asio::any_io_executor executor,
                                               ClientOptions options) {
  auto client = std::make_unique<Client>(std::move(executor), std::move(options));
  if (auto loaded = client->load_certificates(); !loaded) return loaded.error();
  return std::unique_ptr<Transport>(std::move(client));
}

}  // namespace vapisync::http
