#pragma once
// The files that the configuration names for secrets.
#include <optional>
#include <string>

#include "base/seal.hpp"
#include "config/config.hpp"

namespace vapisync::commands {

/// Without the setting, systemd's credential `platform.key`; empty when there is neither.
Result<Secret> read_platform_key(const config::Config& config);

/// Without secrets.key_file, systemd's credential `seal.keys`; none when there is neither.
Result<std::optional<Sealer>> read_sealer(const config::Config& config);

}  // namespace vapisync::commands
