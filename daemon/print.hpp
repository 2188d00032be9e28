#pragma once
// How answers look to people: tables, times and ages.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace vapisync::commands {

/// Columns as wide as their widest text, under their heads; the last one is not padded.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) : rows_{std::move(heads)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// `1 entry`, `3 entries`
std::string counted(int64_t count, std::string_view thing);
/// `12 s`, `5 min`, `3 h`, `9 d`
std::string age_text(int64_t seconds);
/// 2026-08-20 11:39:37 UTC, of a time in JSON; empty when the member is null.
std::string time_text(const json::Value& object, std::string_view key);
/// Of a text, a number or a flag; empty when the member is null or not there.
std::string member_text(const json::Value& object, std::string_view key);
/// `status code at path: message`, of the error of an entry or a resource; empty without one.
std::string error_text(const json::Value* error);
/// One line for each difference by path.
std::string differences_text(const json::Value& differences, std::string_view indent);
/// For people to read: indented.
std::string pretty(const json::Value& value);

/// 90s, 15m, 2h, 7d in seconds.
Result<int64_t> parse_age(const std::string& text);

/// The members of an array that may be missing.
json::Value::ConstArray items(const json::Value& object, std::string_view key);
bool flag(const json::Value& object, std::string_view key);

}  // namespace vapisync::commands
