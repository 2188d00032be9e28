#pragma once
// The documents we send: what is wanted, plus our marker, plus resets. Pure.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "core/kind.hpp"

namespace vapisync::core {

/// Our key inside the remote object, by which a lost create is found again.
struct Marker {
  std::string resource;  ///< unique over installations: INSTALLATION/RESOURCE_ID
  std::string attempt;   ///< random, one for each create

  bool operator==(const Marker&) const = default;
};

/// Where users can't write: `metadata.vapisync`.
inline constexpr std::string_view marker_field = "vapisync";

std::optional<Marker> read_marker(const json::Value& object);

/// The whole document with the marker: what a create sends, and what verification expects.
json::Document with_marker(const json::Value& document, const Marker& marker);

/// What an update sends: the document with the marker, and a reset for every key that was once sent
/// and is no longer wanted. Keys that we never named are left alone.
json::Document with_resets(const json::Document& marked, const std::vector<std::string>& sent_keys,
                           const Kind& kind);

/// The top-level keys of a document, sorted.
std::vector<std::string> keys_of(const json::Value& document);

/// Those of `keys` that the document has, sorted.
std::vector<std::string> keys_among(const json::Value& document,
                                    const std::vector<std::string>& keys);

/// Both lists, sorted, each key once.
std::vector<std::string> merge_keys(std::vector<std::string> a, const std::vector<std::string>& b);

}  // namespace vapisync::core
