#include "print.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

namespace vapisync::commands {
namespace {

/// In characters: a continuation byte of UTF-8 begins none.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// Which part of a whole differs most often fits one line; the rest is for --json.
std::string value_text(const json::Value* value) {
  constexpr size_t bytes_max = 160;
  if (value == nullptr) return "(none)";
  std::string text = json::to_text(*value);
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

}  // namespace

std::string Table::text() const {
  std::vector<size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  }
  return out;
}

std::string counted(int64_t count, std::string_view thing) {
  if (count == 1) return fmt::format("1 {}", thing);
  if (!thing.ends_with("ry")) return fmt::format("{} {}s", count, thing);
  return fmt::format("{} {}ies", count, thing.substr(0, thing.size() - 1));
}

std::string age_text(int64_t seconds) {
  constexpr int64_t minute = 60;
  constexpr int64_t hour = 60 * minute;
  constexpr int64_t day = 24 * hour;
  if (seconds < 2 * minute) return fmt::format("{} s", std::max<int64_t>(seconds, 0));
  if (seconds < 2 * hour) return fmt::format("{} min", seconds / minute);
  if (seconds < 2 * day) return fmt::format("{} h", seconds / hour);
  return fmt::format("{} d", seconds / day);
}

std::string time_text(const json::Value& object, std::string_view key) {
  constexpr size_t to_seconds = 19;
  std::string text(json::text_or(object, key, ""));
  if (text.size() < to_seconds) return text;
  text.resize(to_seconds);
  text[10] = ' ';
  return text + " UTC";
}

std::string member_text(const json::Value& object, std::string_view key) {
  const auto* value = json::find(object, key);
  if (value == nullptr || value->IsNull()) return {};
  return value->IsString() ? std::string(json::text(*value)) : json::to_text(*value);
}

std::string error_text(const json::Value* error) {
  if (error == nullptr || !error->IsObject()) return {};
  const std::string path = member_text(*error, "path");
  return fmt::format("{}{}: {}", member_text(*error, "code"), path.empty() ? "" : " at " + path,
                     member_text(*error, "message"));
}

std::string differences_text(const json::Value& differences, std::string_view indent) {
  std::string out;
  for (const auto& item : differences.GetArray()) {
    out +=
        fmt::format("{}{}: {} -> {}\n", indent, member_text(item, "path"),
                    value_text(json::find(item, "before")), value_text(json::find(item, "after")));
  }
  return out;
}

std::string pretty(const json::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

Result<int64_t> parse_age(const std::string& text) {
  int64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  constexpr std::string_view units = "smhd";
  constexpr int64_t seconds[] = {1, 60, 3'600, 86'400};
  constexpr int64_t number_max = 36'500;
  const size_t unit = end + 1 == last ? units.find(*end) : std::string_view::npos;
  if (error != std::errc{} || unit == std::string_view::npos || number < 1 ||
      number > number_max * (86'400 / seconds[unit])) {
    return make_error(Verdict::invalid, "usage",
                      fmt::format("'{}' is not an age: 90s, 15m, 2h or 7d", text));
  }
  return number * seconds[unit];
}

json::Value::ConstArray items(const json::Value& object, std::string_view key) {
  static const json::Value none(rapidjson::kArrayType);
  const auto* value = json::find(object, key);
  return (value != nullptr && value->IsArray() ? *value : none).GetArray();
}

bool flag(const json::Value& object, std::string_view key) {
  const auto* value = json::find(object, key);
  return value != nullptr && value->IsBool() && value->GetBool();
}

}  // namespace vapisync::commands
