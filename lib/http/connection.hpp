#pragma once
// One client connection, plain or TLS. Beast stays behind this interface.
#include <chrono>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>

#include "http/transport.hpp"

namespace vapisync::http {

class Connection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  virtual ~Connection() = default;
  /// Empty code on success; nothing of a request has been sent either way.
  virtual boost::asio::awaitable<TransportFailure> connect(Deadline deadline) = 0;
  virtual boost::asio::awaitable<Exchange> exchange(const Request& request, Deadline deadline) = 0;
  /// False when the peer closed it, or sent something nobody asked for.
  virtual bool usable() = 0;
  [[nodiscard]] virtual bool keep_alive() const = 0;
  [[nodiscard]] virtual Deadline answered_at() const = 0;
};

std::unique_ptr<Connection> make_plain_connection(boost::asio::any_io_executor executor,
                                                  const ClientOptions& options);
std::unique_ptr<Connection> make_tls_connection(boost::asio::any_io_executor executor,
                                                const ClientOptions& options,
                                                boost::asio::ssl::context& context);

}  // namespace vapisync::http
