#pragma once
// The kinds of remote objects that this build can keep equal. A new kind is a new row.
#include <vector>

#include "core/kind.hpp"

namespace vapisync::vapi {

/// Null for a kind this build does not know: its work is left alone for a newer daemon.
const core::Kind* find_kind(std::string_view name);

std::vector<std::string_view> kind_names();

}  // namespace vapisync::vapi
