#include "base/json_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <rapidjson/internal/dtoa.h>

namespace vapisync::json {
namespace {

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

constexpr size_t stride = 16;

/// In so many characters, which the compiler looks at all at once.
bool any_needs_escape(const char* text) {
  unsigned char found = 0;
  for (size_t i = 0; i < stride; ++i) found |= needs_escape(text[i]) ? 1U : 0U;
  return found != 0;
}

/// How many characters go as they are. Most texts are plain.
size_t plain_length(std::string_view text) {
  size_t length = 0;
  while (length + stride <= text.size() && !any_needs_escape(&text[length])) length += stride;
  if (length + stride > text.size()) {
    char rest[stride];
    std::fill_n(rest, stride, ' ');
    text.copy(rest, stride, length);
    if (!any_needs_escape(rest)) return text.size();
  }
  while (!needs_escape(text[length])) ++length;
  return length;
}

void write_escaped(char c, std::string& out) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += digits[byte >> 4U];
  out += digits[byte & 15U];
}

void write_text(std::string_view text, std::string& out) {
  out += '"';
  while (true) {
    const size_t plain = plain_length(text);
    out.append(text.data(), plain);
    if (plain == text.size()) break;
    write_escaped(text[plain], out);
    text.remove_prefix(plain + 1);
  }
  out += '"';
}

}  // namespace

bool Writer::Int64(int64_t value) {
  char digits[24];
  return word({digits, std::to_chars(digits, digits + sizeof digits, value).ptr});
}

bool Writer::Uint64(uint64_t value) {
  char digits[24];
  return word({digits, std::to_chars(digits, digits + sizeof digits, value).ptr});
}

/// The shortest text that reads as the same number. JSON knows no infinity.
bool Writer::Double(double value) {
  if (!std::isfinite(value)) return Null();
  char digits[32];
  return word({digits, rapidjson::internal::dtoa(value, digits)});
}

bool Writer::String(std::string_view value) {
  begin_value();
  write_text(value, out_);
  return true;
}

bool Writer::Key(std::string_view key) {
  begin_value();
  write_text(key, out_);
  out_ += ':';
  is_first_ = true;
  return true;
}

void Writer::begin_value() {
  if (!is_first_) out_ += ',';
  is_first_ = false;
}

bool Writer::word(std::string_view text) {
  begin_value();
  out_ += text;
  return true;
}

bool Writer::start(char bracket) {
  begin_value();
  out_ += bracket;
  is_first_ = true;
  return true;
}

bool Writer::end(char bracket) {
  out_ += bracket;
  is_first_ = false;
  return true;
}

}  // namespace vapisync::json
