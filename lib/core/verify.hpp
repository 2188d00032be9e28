#pragma once
// Does the object that Vapi returned hold what we sent? Pure.
#include <string>
#include <vector>

#include "base/json.hpp"
#include "core/kind.hpp"

namespace vapisync::core {

struct Difference {
  enum class How {
    lost,     ///< our value is absent or null, or an array is shorter
    changed,  ///< another value stands there: Vapi normalised it
    kept,     ///< null was sent, and it still has a value
  };
  std::string path;
  How how{How::changed};
  std::string sent;  ///< JSON, cut to a readable length
  std::string stored;
};

/// Walks what was sent through the answer: numbers by value; objects by the keys that were sent;
/// null, absent and the kind's reset value alike; arrays in order, but for the kind's sets;
/// write-only paths skipped. Empty means equal.
std::vector<Difference> verify(const json::Value& sent, const json::Value& answer,
                               const Kind& kind);

}  // namespace vapisync::core
