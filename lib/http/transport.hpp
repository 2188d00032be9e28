#pragma once
// One HTTP request to one origin, and what became of it. The seam between the Vapi client and the
// network: tests and simulations put their own transport here.
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "http/address.hpp"
#include "http/message.hpp"

namespace vapisync::http {

struct Request {
  Method method{Method::get};
  std::string target;  ///< path and query
  std::string body;    ///< JSON; none is sent when empty
  Secret bearer;
  Milliseconds timeout{30'000};  ///< for the whole exchange, connecting included
};

struct Response {
  int status{0};
  Headers headers;
  std::string body;
};

/// The exchange failed without a complete answer.
struct TransportFailure {
  std::string code;     ///< connect_failed, tls_failed, timeout, connection_lost, bad_answer
  std::string message;  ///< which host, what happened
  bool sent{false};     ///< at least one byte of the request may have reached the other side
};

using Exchange = boost::system::result<Response, TransportFailure>;
[[noreturn]] void throw_exception_from_error(const TransportFailure& failure,
                                             const boost::source_location& at);

class Transport {
 public:
  virtual ~Transport() = default;
  virtual boost::asio::awaitable<Exchange> send(Request request) = 0;
};

struct ClientOptions {
  Origin origin;
  std::string user_agent;
  size_t idle_connections_max{256};
  size_t response_bytes_max{32U << 20U};
  /// A create travels only on a connection that is new or answered this recently, since a lost
  /// answer to it is expensive.
  Milliseconds fresh_for{2'000};
  std::string ca_file;  ///< empty: the system's certificate store
};

/// Keep-alive connection pool over Beast; TLS with SNI, host name check and the system's
/// certificates for https. Single-threaded: use it on `executor` only.
/// Fails with `fatal` when the certificates can't be loaded.
Result<std::unique_ptr<Transport>> make_client(boost::asio::any_io_executor executor,
                                               ClientOptions options);

}  // namespace vapisync::http
