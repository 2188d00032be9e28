#pragma once
#include <span>
#include <string>
#include <string_view>

namespace vapisync::config {

/// `; did you mean vapi.rate_per_second?`, or nothing when no candidate is near. The part after
/// the last separator counts most: the right name in the wrong section is a near miss.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace vapisync::config
