#pragma once
// Our mark on a remote object, by which a lost create is found again. Pure.
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "core/kind.hpp"

namespace vapisync::core {

struct Marker {
  std::string resource;  ///< unique over installations: INSTALLATION/RESOURCE_ID
  std::string attempt;   ///< random, one for each create; a name has no room for it
  std::string content;   ///< of an immutable kind: the hash of the document

  bool operator==(const Marker&) const = default;
};

/// Where users can't write: `metadata.vapisync`.
inline constexpr std::string_view marker_field = "vapisync";

/// What the name of this resource's object ends in: `_` and 10 base32 characters.
std::string name_suffix(std::string_view resource);

/// The marker in an object's metadata, whosever it is.
std::optional<Marker> read_marker(const json::Value& object);

/// Nothing, if the object is not marked as this resource's.
std::optional<Marker> find_marker(const json::Value& object, std::string_view resource,
                                  const Kind& kind);

/// Puts the marker into the document, in the place of an older one: what a create sends, and what
/// verification expects. False: this document has no place for it.
bool mark(json::Document& document, const Marker& marker, const Kind& kind, MarkedBy marked_by);

}  // namespace vapisync::core
