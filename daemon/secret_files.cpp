#include "secret_files.hpp"

#include <cstdlib>
#include <filesystem>

#include "config/secret_file.hpp"

namespace vapisync::commands {
namespace {

/// The file that the setting names, else the credential of this name that systemd gave us.
std::string file_of(const std::string& setting, const char* credential) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (!setting.empty() || folder == nullptr) return setting;
  const auto path = std::filesystem::path(folder) / credential;
  std::error_code unreadable;
  return std::filesystem::exists(path, unreadable) ? path.string() : std::string{};
}

}  // namespace

Result<Secret> read_platform_key(const config::Config& config) {
  const auto path = file_of(config.vapi.platform_key_file, "platform.key");
  if (path.empty()) return Secret{};
  return config::read_secret_file(path);
}

Result<std::optional<Sealer>> read_sealer(const config::Config& config) {
  const auto path = file_of(config.secrets.key_file, "seal.keys");
  if (path.empty()) return std::optional<Sealer>{};
  const auto text = config::read_key_file(path);
  if (!text) return text.error();
  auto sealer = Sealer::from_key_file(*text);
  if (!sealer) return sealer.error();
  return std::optional<Sealer>(std::move(*sealer));
}

}  // namespace vapisync::commands
