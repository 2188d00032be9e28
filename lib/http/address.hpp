#pragma once
// HOST:PORT and URL parsing, without a third-party type.
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace vapisync::http {

struct Address {
  std::string host;
  std::string port;
};

/// `127.0.0.1:8080`, `localhost:0`, `[::1]:80`. Fails with `invalid`.
Result<Address> parse_address(std::string_view text);

struct Origin {
  bool tls{false};
  std::string host;
  std::string port;
  std::string prefix;  ///< path in front of every target, without a trailing slash
  [[nodiscard]] std::string host_header() const;
};

/// `https://api.vapi.ai` or `http://127.0.0.1:9000/base`. Fails with `invalid`.
Result<Origin> parse_origin(std::string_view url);

std::string percent_decode(std::string_view text);
std::string percent_encode(std::string_view text);

}  // namespace vapisync::http
