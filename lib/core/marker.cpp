#include "core/marker.hpp"

#include <algorithm>
#include <charconv>
#include <rapidjson/pointer.h>

namespace vapisync::core {
namespace {

constexpr std::string_view base32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr int suffix_characters = 10;

using Pointer = rapidjson::GenericPointer<json::Value>;

Pointer to_pointer(std::string_view path) {
  return Pointer(path.data(), path.size());
}

bool is_named_after(const json::Value& object, std::string_view resource, const Kind& kind) {
  const std::string suffix = name_suffix(resource);
  return std::ranges::any_of(kind.name_pointers, [&](std::string_view pointer) {
    const json::Value* name = to_pointer(pointer).Get(object);
    return name != nullptr && name->IsString() && json::text(*name).ends_with(suffix);
  });
}

void mark_metadata(json::Document& document, const Marker& marker) {
  auto& allocator = document.GetAllocator();
  json::Value field(rapidjson::kObjectType);
  json::set(field, "r", json::make_text(marker.resource, allocator), allocator);
  json::set(field, "a", json::make_text(marker.attempt, allocator), allocator);
  if (!marker.content.empty()) {
    json::set(field, "h", json::make_text(marker.content, allocator), allocator);
  }
  const json::Value* given = json::find(document, "metadata");
  if (given == nullptr || !given->IsObject()) {
    json::set(document, "metadata", json::Value(rapidjson::kObjectType), allocator);
  }
  json::set(document["metadata"], marker_field, std::move(field), allocator);
}

/// At most `bytes` of a UTF-8 text, and no half character.
std::string_view cut(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

bool mark_name(json::Document& document, const Marker& marker, const Kind& kind) {
  const auto place = kind.name_place(document);
  if (place.pointer.empty()) return false;
  const auto pointer = to_pointer(place.pointer);
  const json::Value* given = pointer.Get(document);
  const std::string suffix = name_suffix(marker.resource);
  std::string name(given != nullptr && given->IsString() ? json::text(*given) : kind.name);
  if (name.ends_with(suffix)) return true;
  name = std::string(cut(name, place.max - suffix.size())) + suffix;
  auto& allocator = document.GetAllocator();
  pointer.Set(document, json::make_text(name, allocator), allocator);
  return true;
}

}  // namespace

std::string name_suffix(std::string_view resource) {
  constexpr int bits = 5 * suffix_characters;
  const std::string hex = json::sha256_hex(resource).substr(0, 16);
  uint64_t number = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), number, 16);
  number >>= 64 - bits;
  std::string suffix(1 + suffix_characters, '_');
  for (size_t i = suffix.size() - 1; i > 0; --i, number /= base32.size()) {
    suffix[i] = base32[number % base32.size()];
  }
  return suffix;
}

std::optional<Marker> read_marker(const json::Value& object) {
  const json::Value* metadata = json::find(object, "metadata");
  const json::Value* field = metadata == nullptr ? nullptr : json::find(*metadata, marker_field);
  if (field == nullptr) return std::nullopt;
  Marker marker{std::string(json::text_or(*field, "r", "")),
                std::string(json::text_or(*field, "a", "")),
                std::string(json::text_or(*field, "h", ""))};
  if (marker.resource.empty()) return std::nullopt;
  return marker;
}

std::optional<Marker> find_marker(const json::Value& object, std::string_view resource,
                                  const Kind& kind) {
  // Anybody can give an object a name; nobody but us can write the marker.
  auto marker = read_marker(object);
  if (marker) return marker->resource == resource ? marker : std::nullopt;
  if (is_named_after(object, resource, kind)) return Marker{std::string(resource), {}, {}};
  return std::nullopt;
}

bool mark(json::Document& document, const Marker& marker, const Kind& kind, MarkedBy marked_by) {
  if (marked_by == MarkedBy::name) return mark_name(document, marker, kind);
  mark_metadata(document, marker);
  return true;
}

}  // namespace vapisync::core
