#pragma once
// Reads a JSON object strictly: every key is asked for by name and type, and what nobody asked for
// is an error with its path. The first error is kept; reading goes on with fallbacks.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace vapisync::sandbox {

class ObjectReader {
 public:
  /// `path` names the object in messages; `error` outlives the reader.
  ObjectReader(const json::Value& object, std::string path, std::optional<Error>& error);

  const json::Value* value(std::string_view key);  ///< nullptr if absent
  std::string text(std::string_view key, std::string_view fallback = {});
  int64_t integer(std::string_view key, int64_t fallback, int64_t min, int64_t max);
  double fraction(std::string_view key, double fallback);  ///< 0..1
  bool flag(std::string_view key, bool fallback = false);

  /// Complains about the keys that were not asked for.
  void finish();
  void fail(std::string_view key, std::string message);
  [[nodiscard]] std::string path_to(std::string_view key) const;

 private:
  const json::Value& object_;
  std::string path_;
  std::optional<Error>& error_;
  std::vector<std::string> seen_;
};

}  // namespace vapisync::sandbox
