#pragma once
// The write rule of the API: keys that are sent replace the stored ones whole, the others stay.
#include <string>
#include <vector>

#include "base/json.hpp"
#include "sandbox/quirks.hpp"

namespace vapisync::sandbox {

struct Merged {
  std::string config;                ///< the new content, as text
  std::vector<std::string> fields;   ///< top-level keys whose value differs now
  std::vector<std::string> refused;  ///< sentences of a 400 answer; then nothing may be stored
};

Merged merge(std::string_view stored, const json::Document& body, const Quirks& quirks);

}  // namespace vapisync::sandbox
