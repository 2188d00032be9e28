#include "vapi/error_body.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace vapisync::vapi {
namespace {

constexpr size_t message_bytes_max = 1000;

std::string_view take_word(std::string_view& text) {
  const size_t end = text.find(' ');
  const std::string_view word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return word;
}

bool looks_like_path(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '[' || c == ']' || c == '-';
  });
}

std::string join(const json::Value& messages) {
  std::string out;
  for (const auto& item : messages.GetArray()) {
    if (!out.empty()) out += "; ";
    out += item.IsString() ? std::string(json::text(item)) : json::to_text(item);
  }
  return out;
}

std::string message_of(const json::Value& body) {
  const json::Value* message = json::find(body, "message");
  if (message != nullptr && message->IsString()) return std::string(json::text(*message));
  if (message != nullptr && message->IsArray()) return join(*message);
  return std::string(json::text_or(body, "error", ""));
}

}  // namespace

std::string field_path(std::string_view message) {
  constexpr std::string_view each = "each value in ";
  if (message.starts_with(each)) message.remove_prefix(each.size());
  const std::string_view first = take_word(message);
  constexpr std::string_view property = "property";
  if (first == property || first.ends_with(".property")) {
    const std::string_view name = take_word(message);
    return std::string(first.substr(0, first.size() - property.size())) + std::string(name);
  }
  const std::string_view second = take_word(message);
  const bool about_field = second == "must" || second == "should" || second == "is" ||
                           second == "has" || second == "cannot";
  return about_field && looks_like_path(first) ? std::string(first) : std::string{};
}

ErrorBody read_error_body(std::string_view body, const Secret& key) {
  ErrorBody out;
  const auto parsed = json::parse(body);
  if (parsed && parsed->IsObject()) {
    out.json = true;
    out.message = redact(message_of(*parsed), key, message_bytes_max);
    out.path = field_path(out.message);
  }
  if (out.message.empty()) {
    out.message = body.empty() ? "(empty answer)" : redact(body, key, message_bytes_max);
  }
  return out;
}

}  // namespace vapisync::vapi
