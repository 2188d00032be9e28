#pragma once
// A small HTTP/1.1 server: keep-alive, bounded header and body, a handler coroutine per request.
// Everything runs on the executor that is given; it must be single-threaded.
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/error.hpp"
#include "http/message.hpp"

namespace vapisync::http {

struct ServerRequest {
  std::string method;  ///< as sent, so that a handler can answer unknown ones
  std::string path;    ///< without the query
  std::string query;   ///< without the question mark
  Headers headers;
  std::string body;

  /// The decoded value of a query parameter, empty if absent.
  [[nodiscard]] std::string query_value(std::string_view name) const;
};

struct ServerResponse {
  int status{200};
  std::string content_type{"application/json; charset=utf-8"};
  std::string body;
  Headers headers;
  bool cut{false};  ///< close the connection without any answer
};

using Handler = std::function<boost::asio::awaitable<ServerResponse>(ServerRequest)>;

struct ServerLimits {
  size_t body_bytes_max{16U << 20U};
  size_t connections_max{1024};
  std::chrono::seconds idle_timeout{75};
};

class Server {
 public:
  virtual ~Server() = default;
  [[nodiscard]] virtual unsigned short port() const = 0;
  /// Stops accepting and closes every connection; legal at any time, twice too.
  virtual void stop() = 0;
};

/// `address` is HOST:PORT (port 0: any free one). Fails with `invalid` when it can't be parsed or
/// resolved, `fatal` when it can't be bound.
Result<std::unique_ptr<Server>> listen(boost::asio::any_io_executor executor,
                                       std::string_view address, Handler handler,
                                       ServerLimits limits = {});

}  // namespace vapisync::http
