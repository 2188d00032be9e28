#pragma once
// What of the settings is a limit that may change while the daemon runs.
#include "config/config.hpp"
#include "core/gate.hpp"
#include "sync/dispatcher.hpp"

namespace vapisync {

core::GateLimits gate_limits(const config::Config& config);
sync::DispatcherOptions dispatcher_options(const config::Config& config);

}  // namespace vapisync
