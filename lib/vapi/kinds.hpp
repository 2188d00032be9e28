#pragma once
// The kinds of remote objects that this build can keep equal. A new kind is a new row.
#include <span>
#include <string>
#include <vector>

#include "core/kind.hpp"

namespace vapisync::vapi {

std::span<const core::Kind> kinds();

/// Null for a kind this build does not know: its work is left alone for a newer daemon.
const core::Kind* find_kind(std::string_view name, std::span<const core::Kind> among = kinds());

std::vector<std::string> kind_names(std::span<const core::Kind> kinds);

}  // namespace vapisync::vapi
