#include "vapi/kinds.hpp"

#include <array>

namespace vapisync::vapi {
namespace {

// Defaults as documented in Vapi's OpenAPI document of August 2026; no other key documents one.
constexpr std::array<core::ResetValue, 3> assistant_resets{{
    {"firstMessageInterruptionsEnabled", "false"},
    {"firstMessageMode", "\"assistant-speaks-first\""},
    {"maxDurationSeconds", "600"},
}};

constexpr std::array<std::string_view, 3> assistant_write_only{"credentials", "server.secret",
                                                               "serverUrlSecret"};

constexpr std::array<std::string_view, 2> assistant_sets{"clientMessages", "serverMessages"};

core::NamePlace assistant_name_place(const json::Value&) {
  return {"/name", 40};
}

constexpr std::array<std::string_view, 1> assistant_names{"/name"};
constexpr std::array<std::string_view, 3> tool_names{"/function/name", "/knowledgeBases/0/name",
                                                     "/name"};
constexpr std::array<std::string_view, 1> tool_create_only{"type"};
constexpr std::array<std::string_view, 1> tool_write_only{"server.secret"};

/// Most tools have a function, whose name the model calls it by. Some are known by a name of their
/// own, and a few have one that is fixed.
core::NamePlace tool_name_place(const json::Value& document) {
  const auto type = json::text_or(document, "type", "");
  if (json::find(document, "function") != nullptr) return {"/function/name", 64};
  if (type == "query") return {"/knowledgeBases/0/name", 64};
  if (type == "apiRequest") return {"/name", 40};
  if (type == "bash" || type == "computer" || type == "textEditor") return {};
  return {"/function/name", 64};
}

constexpr std::array<core::Kind, 2> all{{
    {
        .name = "assistant",
        .collection = "/assistant",
        .name_place = assistant_name_place,
        .name_pointers = assistant_names,
        .create_only = {},
        .reset_values = assistant_resets,
        .write_only = assistant_write_only,
        .sets = assistant_sets,
    },
    {
        .name = "tool",
        .collection = "/tool",
        .marked_by = core::MarkedBy::name,
        .name_place = tool_name_place,
        .name_pointers = tool_names,
        .create_only = tool_create_only,
        .reset_values = {},
        .write_only = tool_write_only,
        .sets = {},
    },
}};

}  // namespace

std::span<const core::Kind> kinds() {
  return all;
}

const core::Kind* find_kind(std::string_view name, std::span<const core::Kind> among) {
  for (const auto& kind : among) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

std::vector<std::string> kind_names(std::span<const core::Kind> kinds) {
  std::vector<std::string> names;
  for (const auto& kind : kinds) names.emplace_back(kind.name);
  return names;
}

}  // namespace vapisync::vapi
