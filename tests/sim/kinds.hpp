#pragma once
// The kinds of a simulated world: assistants as they are, and files, which can't be changed. Files
// may refer to other files, and assistants to files and to each other.
#include <span>

#include "core/kind.hpp"
#include "sandbox/kinds.hpp"

namespace vapisync::sim {

/// As the daemon knows them.
std::span<const core::Kind> kinds();
/// As Vapi does.
std::span<const sandbox::Kind> vapi_kinds();

}  // namespace vapisync::sim
