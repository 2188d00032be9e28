#pragma once
// The documents we send: what is wanted, with resets of what is wanted no more. Pure.
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "core/kind.hpp"

namespace vapisync::core {

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
