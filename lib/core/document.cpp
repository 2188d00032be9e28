#include "core/document.hpp"

#include <algorithm>

namespace vapisync::core {
namespace {

json::Value reset_value(const Kind& kind, std::string_view key,
                        json::Document::AllocatorType& allocator) {
  for (const auto& reset : kind.reset_values) {
    if (reset.key != key) continue;
    json::Document value(&allocator);
    value.Parse(reset.json.data(), reset.json.size());
    return json::Value(value, allocator);
  }
  return {};
}

}  // namespace

json::Document with_resets(const json::Document& marked, const std::vector<std::string>& sent_keys,
                           const Kind& kind) {
  json::Document out;
  auto& allocator = out.GetAllocator();
  out.CopyFrom(marked, allocator);
  for (const auto& key : sent_keys) {
    if (json::find(marked, key) == nullptr) {
      json::set(out, key, reset_value(kind, key, allocator), allocator);
    }
  }
  return out;
}

std::vector<std::string> keys_of(const json::Value& document) {
  std::vector<std::string_view> keys;
  keys.reserve(document.MemberCount());
  for (const auto& member : document.GetObject()) keys.push_back(json::text(member.name));
  std::ranges::sort(keys);
  return {keys.begin(), keys.end()};
}

std::vector<std::string> keys_among(const json::Value& document,
                                    const std::vector<std::string>& keys) {
  std::vector<std::string> found = keys_of(document);
  std::erase_if(found, [&keys](const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) == keys.end();
  });
  return found;
}

std::vector<std::string> merge_keys(std::vector<std::string> a, const std::vector<std::string>& b) {
  const bool is_set = std::ranges::adjacent_find(a, std::greater_equal<>{}) == a.end();
  if (is_set && std::ranges::includes(a, b)) return a;
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

}  // namespace vapisync::core
