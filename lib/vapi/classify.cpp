#include "vapi/classify.hpp"

#include <charconv>
#include <ctime>
#include <fmt/format.h>
#include <optional>

#include "vapi/error_body.hpp"

namespace vapisync::vapi {
namespace {

constexpr long retry_after_s_max = 3'600;

Verdict verdict_of(int status, bool json_body, http::Method method) {
  const bool write = effect_of(method) == Effect::write;
  switch (status) {
    case 401:
    case 402: return Verdict::auth;
    // Vapi answers in JSON; HTML or nothing comes from the proxy in front, and passes.
    case 403: return json_body ? Verdict::auth : Verdict::retry;
    case 404: return Verdict::missing;
    case 408: return write ? Verdict::unknown : Verdict::retry;
    case 409: return method == http::Method::del ? Verdict::conflict : Verdict::reject;
    case 413:  // a router fault once caused it for hours: wait, do not give up
    case 425:
    case 429: return Verdict::retry;
    default: break;
  }
  // Neither a preliminary answer nor a server's trouble tells what became of a write.
  if (status >= 500 || status < 200) return write ? Verdict::unknown : Verdict::retry;
  return status >= 400 ? Verdict::reject : Verdict::retry;
}

/// Seconds since 1970 of an HTTP date in its only current form (RFC 9110, IMF-fixdate).
std::optional<time_t> http_date(std::string_view text) {
  tm parts{};
  const std::string copy(text);
  const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&parts);
}

/// A date is meant by Vapi's clock, which the answer's own Date tells.
long ms_until(std::string_view date, std::string_view now) {
  const auto then = http_date(date);
  const auto at = http_date(now);
  if (!then || !at || *then <= *at) return 0;
  return std::min<long>(*then - *at, retry_after_s_max) * 1000;
}

long retry_after_ms(const http::Response& response) {
  const std::string_view text = response.headers.find("Retry-After");
  if (text.find(',') != std::string_view::npos)
    return ms_until(text, response.headers.find("Date"));
  long seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc::result_out_of_range && !text.starts_with('-')) {
    return retry_after_s_max * 1000;
  }
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 0) return 0;
  return std::min(seconds, retry_after_s_max) * 1000;
}

}  // namespace

Error classify_status(const http::Response& response, http::Method method, const Secret& key) {
  ErrorBody body = read_error_body(response.body, key);
  Error error = make_error(verdict_of(response.status, body.json, method),
                           fmt::format("http_{}", response.status),
                           fmt::format("Vapi answered {} to {}: {}", response.status,
                                       http::to_string(method), body.message),
                           std::move(body.path));
  error.status = response.status;
  error.retry_after_ms = retry_after_ms(response);
  return error;
}

Error classify_failure(const http::TransportFailure& failure, Effect effect) {
  const bool may_have_happened = failure.sent && effect == Effect::write;
  return make_error(may_have_happened ? Verdict::unknown : Verdict::retry, failure.code,
                    "no answer from Vapi: " + failure.message);
}

Error unreadable_answer(const http::Response& response, Effect effect, std::string_view why) {
  Error error =
      make_error(effect == Effect::write ? Verdict::unknown : Verdict::retry, "unreadable_answer",
                 fmt::format("Vapi answered {}, but {}", response.status, why));
  error.status = response.status;
  return error;
}

}  // namespace vapisync::vapi
