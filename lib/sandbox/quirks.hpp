#pragma once
// How a service may treat content other than expected: what it stores instead, what it refuses to
// clear, and from when on it shows a new object. Faults switch these on for matching requests.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace vapisync::sandbox {

enum class Rewriting {
  value,      ///< stored with another value
  fallback,   ///< filled in where absent
  trim,       ///< a string loses the white space around it
  lowercase,  ///< a string loses its capitals
  drop,       ///< silently not stored
};

struct Rewrite {
  std::vector<std::string> path;  ///< keys, and numbers for places in arrays
  Rewriting what{Rewriting::drop};
  std::shared_ptr<const json::Document> value{};  ///< for `value` and `fallback`
};

/// A key that null does not clear.
struct StuckKey {
  std::string key;
  bool refuse{true};  ///< 400; otherwise the old value silently stays
};

struct Quirks {
  std::vector<Rewrite> rewrites;
  std::vector<StuckKey> stuck_keys;
  std::chrono::milliseconds list_lag{0};
  std::chrono::milliseconds read_lag{0};
};

/// Applies one rewrite to what is about to be stored.
void apply(const Rewrite& rewrite, json::Document& config);

}  // namespace vapisync::sandbox
