#pragma once
// Structured log lines: an event name and fields, as JSON for machines or one readable line for a
// terminal. Any thread may log. A Secret given as a field prints as [redacted].
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <variant>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace vapisync::log {

enum class Level { debug, info, warning, error };
enum class Format { automatic, json, human };  ///< automatic: human on a terminal, else JSON

class Field {
 public:
  Field(std::string_view name, std::string_view value) : name_(name), value_(value) {}
  Field(std::string_view name, const char* value) : name_(name), value_(std::string_view(value)) {}
  Field(std::string_view name, const std::string& value)
      : name_(name), value_(std::string_view(value)) {}
  Field(std::string_view name, bool value) : name_(name), value_(value) {}
  Field(std::string_view name, double value) : name_(name), value_(value) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Field(std::string_view name, T value) : name_(name), value_(static_cast<int64_t>(value)) {}
  Field(std::string_view name, const Secret&) : name_(name), value_(redacted) {}
  /// Nothing is left out of the line, like an empty text.
  Field(std::string_view name, std::optional<int64_t> value) : name_(name) {
    if (value) value_ = *value;
  }

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] const auto& value() const { return value_; }

 private:
  std::string_view name_;
  std::variant<std::string_view, int64_t, double, bool> value_;
};

using Fields = std::initializer_list<Field>;

/// Zero is no HTTP status, no delay: such a number is left out.
inline std::optional<int64_t> known(int64_t number) {
  return number == 0 ? std::nullopt : std::optional(number);
}

void configure(Level level, Format format);
void set_level(Level level);

/// Whether such a line would be written: where its fields cost something, ask first.
bool enabled(Level level);

/// A field whose value is an empty text is left out of the line.
void write(Level level, std::string_view event, Fields fields);
inline void debug(std::string_view event, Fields fields = {}) {
  write(Level::debug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) {
  write(Level::info, event, fields);
}
inline void warning(std::string_view event, Fields fields = {}) {
  write(Level::warning, event, fields);
}
inline void error(std::string_view event, Fields fields = {}) {
  write(Level::error, event, fields);
}
/// An Error with its code, message and path.
void failure(Level level, std::string_view event, const Error& error, std::string_view hint = {});

/// The line without time stamp and level, as `configure`d formats print it (for tests).
std::string format_json(std::string_view event, Fields fields);
std::string format_human(std::string_view event, Fields fields);

}  // namespace vapisync::log
