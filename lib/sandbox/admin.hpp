#pragma once
// The stand-in's own routes, under /_sandbox/: look inside, set faults, edit as the dashboard
// would.
#include <optional>
#include <string>

#include "sandbox/service.hpp"

namespace vapisync::sandbox {

inline constexpr std::string_view admin_prefix = "/_sandbox/";

/// The answer to a request whose path begins with `admin_prefix`.
Reply answer_admin(Service& service, const Request& request, Instant now);

/// {"accounts": [{"orgId": ..., "keyFingerprint": ..., "assistants": [...]}]}
std::string state_json(const Store& store);
/// The same with numbers of objects instead of the objects, and totals.
std::string summary_json(const Store& store, const Journal& journal);

}  // namespace vapisync::sandbox
