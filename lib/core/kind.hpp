#pragma once
// What the engine must know about a kind of remote object. The rows are in lib/vapi/kinds.cpp.
#include <span>
#include <string_view>

namespace vapisync::core {

struct ResetValue {
  std::string_view key;   ///< top-level key
  std::string_view json;  ///< what stands for "as if never set"
};

struct Kind {
  std::string_view name;        ///< as in the database: `assistant`
  std::string_view collection;  ///< path of the collection: `/assistant`
  /// Keys that accept a value meaning "not set"; all others are reset by null.
  std::span<const ResetValue> reset_values;
  /// Paths whose values Vapi never returns; verification skips them.
  std::span<const std::string_view> write_only;
  /// Paths of arrays whose order says nothing.
  std::span<const std::string_view> sets;
};

}  // namespace vapisync::core
