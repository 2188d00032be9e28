#include "core/place.hpp"

#include <fmt/format.h>

namespace vapisync::core {
namespace {

bool is_item(const Place& place) {
  return place.key.data() == nullptr;
}

}  // namespace

std::string to_path(const Place& place) {
  if (place.within == nullptr) return {};
  const std::string path = to_path(*place.within);
  if (is_item(place)) return fmt::format("{}[{}]", path, place.index);
  return path.empty() ? std::string(place.key) : fmt::format("{}.{}", path, place.key);
}

bool is_at(const Place& place, std::string_view path) {
  if (place.within == nullptr) return path.empty();
  if (is_item(place) || !path.ends_with(place.key)) return false;
  path.remove_suffix(place.key.size());
  if (place.within->within == nullptr) return path.empty();
  if (!path.ends_with('.')) return false;
  path.remove_suffix(1);
  return is_at(*place.within, path);
}

}  // namespace vapisync::core
