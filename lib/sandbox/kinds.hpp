#pragma once
// The kinds of objects that the stand-in keeps. A new kind is a new row.
#include <span>
#include <string_view>

#include "base/json.hpp"
#include "sandbox/schema.hpp"

namespace vapisync::sandbox {

struct Kind {
  std::string_view path;    ///< first segment of the URL, and the name in journal and faults
  std::string_view plural;  ///< its list in `/_sandbox/state`
  std::string_view title;   ///< in error messages
  const schema::Shape* shape;
  /// What Vapi does silently to a body that passed validation; nullptr if nothing.
  void (*settle)(json::Document& body);
  bool is_mutable{true};  ///< false: there is no PATCH
};

std::span<const Kind> kinds();
const Kind* find_kind(std::string_view path, std::span<const Kind> among = kinds());

}  // namespace vapisync::sandbox
