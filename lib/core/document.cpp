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

std::optional<Marker> read_marker(const json::Value& object) {
  const json::Value* metadata = json::find(object, "metadata");
  const json::Value* field = metadata == nullptr ? nullptr : json::find(*metadata, marker_field);
  if (field == nullptr) return std::nullopt;
  Marker marker{std::string(json::text_or(*field, "r", "")),
                std::string(json::text_or(*field, "a", ""))};
  if (marker.resource.empty()) return std::nullopt;
  return marker;
}

json::Document with_marker(const json::Value& document, const Marker& marker) {
  json::Document out;
  auto& allocator = out.GetAllocator();
  out.CopyFrom(document, allocator);
  json::Value metadata(rapidjson::kObjectType);
  const json::Value* given = json::find(document, "metadata");
  if (given != nullptr && given->IsObject()) metadata.CopyFrom(*given, allocator);
  json::Value field(rapidjson::kObjectType);
  json::set(field, "r", json::make_text(marker.resource, allocator), allocator);
  json::set(field, "a", json::make_text(marker.attempt, allocator), allocator);
  json::set(metadata, marker_field, std::move(field), allocator);
  json::set(out, "metadata", std::move(metadata), allocator);
  return out;
}

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
  std::vector<std::string> keys;
  for (const auto& member : document.GetObject()) keys.emplace_back(json::text(member.name));
  std::sort(keys.begin(), keys.end());
  return keys;
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
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

}  // namespace vapisync::core
