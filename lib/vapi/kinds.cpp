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

constexpr std::array<core::Kind, 1> kinds{{
    {
        .name = "assistant",
        .collection = "/assistant",
        .reset_values = assistant_resets,
        .write_only = assistant_write_only,
        .sets = assistant_sets,
    },
}};

}  // namespace

const core::Kind* find_kind(std::string_view name) {
  for (const auto& kind : kinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

std::vector<std::string_view> kind_names() {
  std::vector<std::string_view> names;
  for (const auto& kind : kinds) names.push_back(kind.name);
  return names;
}

}  // namespace vapisync::vapi
