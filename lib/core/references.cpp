#include "core/references.hpp"

#include <algorithm>
#include <array>

#include "core/place.hpp"

namespace vapisync::core {
namespace {

/// Keys whose values are ids of objects in the same Vapi account, wherever they stand; from Vapi's
/// OpenAPI document of August 2026.
constexpr std::array<std::string_view, 17> id_keys{
    "assistantId", "assistantIds",       "credentialId",        "credentialIds", "declineToolId",
    "fileIds",     "monitorIds",         "outcomeIds",          "phoneNumberId", "scorecardIds",
    "squadId",     "structuredOutputId", "structuredOutputIds", "toolId",        "toolIds",
    "workflowId",  "workflowIds"};

/// The resource that a value refers to, empty if it is no reference.
std::string_view reference_name(const json::Value& value) {
  if (!value.IsObject() || value.MemberCount() != 1) return {};
  return json::text_or(value, "$ref", {});
}

/// A document is no reference itself, only what is in it.
void collect(const json::Value& value, const Place& place, std::vector<Reference>& found) {
  const auto look_at = [&found](const json::Value& part, const Place& where) {
    const auto name = reference_name(part);
    if (name.empty()) return collect(part, where, found);
    found.push_back({to_path(where), std::string(name)});
  };
  if (value.IsObject()) {
    for (const auto& member : value.GetObject()) {
      look_at(member.value, {&place, json::text(member.name)});
    }
  } else if (value.IsArray()) {
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) look_at(value[i], {&place, {}, i});
  }
}

void replace(json::Value& value, const IdOf& id_of, json::Document::AllocatorType& allocator) {
  const auto look_at = [&](json::Value& part) {
    const auto name = reference_name(part);
    if (name.empty()) return replace(part, id_of, allocator);
    const auto id = id_of(name);
    if (!id.empty()) part = json::make_text(id, allocator);
  };
  if (value.IsObject()) {
    for (auto& member : value.GetObject()) look_at(member.value);
  } else if (value.IsArray()) {
    for (auto& item : value.GetArray()) look_at(item);
  }
}

std::optional<std::string> bare_id(const json::Value& value, const Place& place, bool is_id) {
  if (value.IsString()) return is_id ? std::optional(to_path(place)) : std::nullopt;
  if (value.IsObject()) {
    for (const auto& member : value.GetObject()) {
      const auto key = json::text(member.name);
      if (key == "metadata" || key == "$ref") continue;  // the user's own words
      const bool names_object = std::ranges::find(id_keys, key) != id_keys.end();
      if (auto found = bare_id(member.value, {&place, key}, names_object)) return found;
    }
  } else if (value.IsArray()) {
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      if (auto found = bare_id(value[i], {&place, {}, i}, is_id)) return found;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<Reference> find_references(const json::Value& document) {
  std::vector<Reference> found;
  collect(document, {}, found);
  return found;
}

void resolve(json::Document& document, const IdOf& id_of) {
  replace(document, id_of, document.GetAllocator());
}

std::optional<std::string> find_bare_id(const json::Value& document) {
  return bare_id(document, {}, false);
}

}  // namespace vapisync::core
