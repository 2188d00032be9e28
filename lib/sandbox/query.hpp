#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vapisync::sandbox {

/// The items of a URL's query, decoded, in their order; an item without '=' has an empty value.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

}  // namespace vapisync::sandbox
