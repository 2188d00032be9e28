#pragma once
// Wall-clock instants as Vapi writes them: ISO 8601 in UTC with milliseconds.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace vapisync::sandbox {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

std::string to_iso(Instant t);                        ///< 2026-08-20T11:39:37.123Z
std::optional<Instant> from_iso(std::string_view s);  ///< date and time, with Z or an offset

}  // namespace vapisync::sandbox
