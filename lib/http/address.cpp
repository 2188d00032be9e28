#include "http/address.hpp"

#include <charconv>
#include <fmt/format.h>

#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>

namespace vapisync::http {
namespace {

bool is_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && value <= 65535;
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || !is_port(text.substr(colon + 1))) {
    return make_error(Verdict::invalid, "bad_address",
                      fmt::format("'{}' is not HOST:PORT, for example 127.0.0.1:8080", text));
  }
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return Address{std::string(host), std::string(text.substr(colon + 1))};
}

Result<Origin> parse_origin(std::string_view url) {
  const auto parsed = boost::urls::parse_uri(url);
  const bool known = parsed && (parsed->scheme() == "http" || parsed->scheme() == "https");
  const bool complete = known && !parsed->host_address().empty() &&
                        (parsed->port().empty() || is_port(parsed->port())) &&
                        (parsed->encoded_path().empty() || parsed->encoded_path().front() == '/');
  if (!complete) {
    return make_error(Verdict::invalid, "bad_url",
                      fmt::format("'{}' is not an http or https URL with a host", url));
  }
  Origin origin;
  origin.tls = parsed->scheme() == "https";
  origin.host = parsed->host_address();
  origin.port = parsed->port().empty() ? (origin.tls ? "443" : "80") : std::string(parsed->port());
  origin.prefix = std::string(parsed->encoded_path());
  while (!origin.prefix.empty() && origin.prefix.back() == '/') origin.prefix.pop_back();
  return origin;
}

std::string Origin::host_header() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? "443" : "80") ? name : name + ":" + port;
}

std::string percent_decode(std::string_view text) {
  const auto view = boost::urls::make_pct_string_view(text);
  if (!view) return std::string(text);
  boost::urls::encoding_opts options;
  options.space_as_plus = true;
  return view->decode(options);
}

std::string percent_encode(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

}  // namespace vapisync::http
