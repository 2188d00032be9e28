#include "sandbox/list_query.hpp"

#include <charconv>
#include <fmt/format.h>

#include "sandbox/query.hpp"

namespace vapisync::sandbox {
namespace {

constexpr size_t limit_max = 1000;
constexpr size_t bounds_max = 16;

}  // namespace

ListQuery ListQuery::parse(std::string_view query) {
  ListQuery list;
  for (const auto& [name, value] : parse_query(query)) list.take(name, value);
  return list;
}

void ListQuery::take(const std::string& name, const std::string& value) {
  if (name == "limit") return take_limit(value);
  if (take_bound(name, value)) return;
  complaints_.push_back(fmt::format("property {} should not exist", name));
}

void ListQuery::take_limit(const std::string& value) {
  size_t number = 0;
  const auto result = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.starts_with('-')) {
    complaints_.emplace_back("limit must not be less than 0");
  } else if (result.ec == std::errc::result_out_of_range || number > limit_max) {
    complaints_.push_back(fmt::format("limit must not be greater than {}", limit_max));
  } else if (result.ec != std::errc{} || result.ptr != value.data() + value.size()) {
    complaints_.emplace_back("limit must be a number conforming to the specified constraints");
  } else {
    limit_ = number;
  }
}

bool ListQuery::take_bound(std::string_view name, std::string_view value) {
  const bool on_update = name.starts_with("updatedAt");
  if (!on_update && !name.starts_with("createdAt")) return false;
  const std::string_view suffix = name.substr(9);
  Bound bound{.on_update = on_update, .relation = Relation::gt, .at = {}};
  if (suffix == "Gt") {
    bound.relation = Relation::gt;
  } else if (suffix == "Ge") {
    bound.relation = Relation::ge;
  } else if (suffix == "Lt") {
    bound.relation = Relation::lt;
  } else if (suffix == "Le") {
    bound.relation = Relation::le;
  } else {
    return false;
  }
  const auto at = from_iso(value);
  if (!at || bounds_.size() >= bounds_max) {
    complaints_.push_back(fmt::format("{} must be a valid ISO 8601 date string", name));
    return true;
  }
  bound.at = *at;
  bounds_.push_back(bound);
  return true;
}

bool ListQuery::admits(Instant created, Instant updated) const {
  for (const auto& bound : bounds_) {
    const Instant t = bound.on_update ? updated : created;
    const bool admitted = bound.relation == Relation::gt   ? t > bound.at
                          : bound.relation == Relation::ge ? t >= bound.at
                          : bound.relation == Relation::lt ? t < bound.at
                                                           : t <= bound.at;
    if (!admitted) return false;
  }
  return true;
}

}  // namespace vapisync::sandbox
