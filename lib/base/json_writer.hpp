#pragma once
// Writes JSON without white space at the end of a string.
#include <cstdint>
#include <rapidjson/rapidjson.h>
#include <string>
#include <string_view>

namespace vapisync::json {

/// Its functions are those that RapidJSON wants of a handler: `value.Accept(writer)` writes a
/// value. Whoever calls them sees to it that starts have ends and keys have values.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  bool Null() { return word("null"); }
  bool Bool(bool value) { return word(value ? "true" : "false"); }
  bool Int(int value) { return Int64(value); }
  bool Uint(unsigned value) { return Uint64(value); }
  bool Int64(int64_t value);
  bool Uint64(uint64_t value);
  bool Double(double value);
  bool String(std::string_view value);
  bool String(const char* value, rapidjson::SizeType size, bool = false) {
    return String(std::string_view(value, size));
  }
  /// A value that is JSON already.
  bool Raw(std::string_view json) { return word(json); }
  bool Key(std::string_view key);
  bool Key(const char* key, rapidjson::SizeType size, bool = false) {
    return Key(std::string_view(key, size));
  }
  bool StartObject() { return start('{'); }
  bool EndObject(rapidjson::SizeType = 0) { return end('}'); }
  bool StartArray() { return start('['); }
  bool EndArray(rapidjson::SizeType = 0) { return end(']'); }

 private:
  void begin_value();
  bool word(std::string_view text);
  bool start(char bracket);
  bool end(char bracket);

  std::string& out_;
  bool is_first_{true};  ///< in its object or array, or after its key: no comma before it
};

}  // namespace vapisync::json
