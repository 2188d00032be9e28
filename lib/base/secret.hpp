#pragma once
// A text that must never be printed. The type has no formatter, no stream operator and no
// conversion: whoever needs the bytes says `reveal()`, which is easy to find in a review.
#include <string>

namespace vapisync {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret();

  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

inline constexpr std::string_view redacted = "[redacted]";

/// Makes a text that came from outside fit for rows and log lines: without the secret and anything
/// that looks like a bearer token, valid UTF-8 without control characters, and at most `max_bytes`
/// long.
std::string redact(std::string_view text, const Secret& secret, size_t max_bytes);

}  // namespace vapisync
