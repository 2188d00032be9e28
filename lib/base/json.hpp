#pragma once
// JSON helpers over RapidJSON, which is the vocabulary type for documents everywhere.
// Parsing is bounded in size and depth, so that walkers may recurse.
#include <optional>
#include <rapidjson/document.h>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace vapisync::json {

/// Where a document's values lie. RapidJSON's own takes 64 kB at a time, which is more than most
/// documents have, and makes the heap be tidied up whenever one ends.
struct Pool : rapidjson::MemoryPoolAllocator<> {
  Pool() : MemoryPoolAllocator(4096) {}
};
using Value = rapidjson::GenericValue<rapidjson::UTF8<>, Pool>;
using Document = rapidjson::GenericDocument<rapidjson::UTF8<>, Pool>;

inline constexpr int depth_max = 64;

/// Fails with `invalid` and the offset when the text is not one JSON value, or nested deeper than
/// `depth_max`.
Result<Document> parse(std::string_view text);

std::string to_text(const Value& value);

/// Same value, same text: keys sorted, numbers by value (1 = 1.0), no white space.
std::string canonical(const Value& value);

/// SHA-256 of the canonical text, in hex.
std::string hash(const Value& value);

std::string sha256_hex(std::string_view bytes);

/// The member of an object, or nullptr when absent or when `object` is not an object.
const Value* find(const Value& object, std::string_view key);

/// Of a string value.
inline std::string_view text(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}
std::string_view text_or(const Value& object, std::string_view key, std::string_view fallback);
int64_t int_or(const Value& object, std::string_view key, int64_t fallback);
std::optional<std::string> text_member(const Value& object, std::string_view key);

bool equal(const Value& a, const Value& b);  ///< numbers by value, objects in any key order

/// A string value that owns a copy of `text`.
Value make_text(std::string_view text, Document::AllocatorType& allocator);
void set(Value& object, std::string_view key, Value value, Document::AllocatorType& allocator);
void erase(Value& object, std::string_view key);

}  // namespace vapisync::json
