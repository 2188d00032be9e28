#pragma once
// Where a value stands in a document, known at no cost while a walk goes through it. The way there
// is written down only for what is found. Pure.
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace vapisync::core {

/// Lives on the stack of the walk, as does the place that it is within.
struct Place {
  const Place* within{nullptr};  ///< nothing: the document
  std::string_view key{};
  rapidjson::SizeType index{0};  ///< of an item, which has no key
};

/// `model.toolIds[0]`; empty for the document.
std::string to_path(const Place& place);

/// Is `path` the way to this place? It names keys only: no item is at it.
bool is_at(const Place& place, std::string_view path);

}  // namespace vapisync::core
