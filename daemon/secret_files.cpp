#include "secret_files.hpp"

#include "config/secret_file.hpp"

namespace vapisync::commands {

Result<Secret> read_optional_secret(const std::string& path) {
  if (path.empty()) return Secret{};
  return config::read_secret_file(path);
}

Result<std::optional<Sealer>> read_sealer(const config::Config& config) {
  if (config.secrets.key_file.empty()) return std::optional<Sealer>{};
  const auto text = config::read_key_file(config.secrets.key_file);
  if (!text) return text.error();
  auto sealer = Sealer::from_key_file(*text);
  if (!sealer) return sealer.error();
  return std::optional<Sealer>(std::move(*sealer));
}

}  // namespace vapisync::commands
