#pragma once
// The files that the configuration names for secrets.
#include <optional>
#include <string>

#include "base/seal.hpp"
#include "config/config.hpp"

namespace vapisync::commands {

/// Empty when the setting is.
Result<Secret> read_optional_secret(const std::string& path);

/// None when secrets.key_file is not set.
Result<std::optional<Sealer>> read_sealer(const config::Config& config);

}  // namespace vapisync::commands
