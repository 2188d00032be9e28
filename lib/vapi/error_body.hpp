#pragma once
// Error bodies of Vapi and of the proxies in front of it: JSON with a string or a list of strings,
// HTML, or nothing. Pure.
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace vapisync::vapi {

struct ErrorBody {
  bool json{false};
  std::string message;  ///< bounded, and free of `key`; never empty
  std::string path;     ///< the field that the first message names, empty if none
};

ErrorBody read_error_body(std::string_view body, const Secret& key);

/// `name must be shorter than ...` -> `name`; `model.property x should not exist` -> `model.x`.
std::string field_path(std::string_view message);

}  // namespace vapisync::vapi
