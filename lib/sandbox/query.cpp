#include "sandbox/query.hpp"

#include <algorithm>

#include "http/address.hpp"

namespace vapisync::sandbox {

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> items;
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view item = query.substr(0, end);
    const size_t equals = std::min(item.find('='), item.size());
    const std::string_view value = equals < item.size() ? item.substr(equals + 1) : "";
    if (!item.empty()) {
      items.emplace_back(http::percent_decode(item.substr(0, equals)), http::percent_decode(value));
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return items;
}

}  // namespace vapisync::sandbox
