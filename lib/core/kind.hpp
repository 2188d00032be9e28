#pragma once
// What the engine must know about a kind of remote object. The rows are in lib/vapi/kinds.cpp.
#include <span>
#include <string_view>

#include "base/json.hpp"

namespace vapisync::core {

struct ResetValue {
  std::string_view key;   ///< top-level key
  std::string_view json;  ///< what stands for "as if never set"
};

/// Where our marker stands in the remote object.
enum class MarkedBy {
  metadata,  ///< `metadata.vapisync`
  name,      ///< the end of its name, where there is no metadata
};

/// Where the name of an object stands.
struct NamePlace {
  std::string_view pointer;  ///< JSON pointer; empty: such an object has no name of its own
  size_t max{0};             ///< characters
};

struct Kind {
  std::string_view name;        ///< as in the database: `assistant`
  std::string_view collection;  ///< path of the collection: `/assistant`
  MarkedBy marked_by{MarkedBy::metadata};
  NamePlace (*name_place)(const json::Value& document){nullptr};
  /// Everywhere that a name may stand, as JSON pointers.
  std::span<const std::string_view> name_pointers{};
  /// False: there is no PATCH. A new document is a new object, and the old one is deleted.
  bool is_mutable{true};
  /// Keys that only a create accepts.
  std::span<const std::string_view> create_only{};
  /// Keys that accept a value meaning "not set"; all others are reset by null.
  std::span<const ResetValue> reset_values{};
  /// Paths whose values Vapi never returns; verification skips them.
  std::span<const std::string_view> write_only{};
  /// Paths of arrays whose order says nothing.
  std::span<const std::string_view> sets{};
};

}  // namespace vapisync::core
