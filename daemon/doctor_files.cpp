#include <cerrno>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>

#include "config/database_url.hpp"
#include "doctor.hpp"

namespace vapisync::doctor {
namespace {

void look_at_file(const std::string& path, std::string_view holds, Findings& findings) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    problem(findings, "files", fmt::format("{}: {}", path, std::generic_category().message(errno)),
            "create it, or correct the path in the configuration");
    return;
  }
  const auto others = status.st_mode & (S_IROTH | S_IWOTH | S_IWGRP);
  const std::string mode = fmt::format("{:o}", status.st_mode & 0777U);
  if (others != 0) {
    problem(findings, "files",
            fmt::format("{}, which holds {}, is open to others: mode {}", path, holds, mode),
            fmt::format("chmod o-rw,g-w {}", path));
    return;
  }
  ok(findings, "files", fmt::format("{}, which holds {}: mode {}", path, holds, mode));
}

/// The password may stand in the configuration file, which `origin` then names with a line.
void look_at_password(const config::Config& config, Findings& findings) {
  const auto& url = config.database.url;
  if (config::redact_url(url) == url.reveal()) return;
  const auto origin = config.origins.find("database.url");
  if (origin == config.origins.end()) return;
  if (origin->second == "--set") {
    warn(findings, "files", "the password of database.url is a flag, which every user can read",
         "put it into the configuration file, VAPISYNC_DATABASE_URL, or a passfile");
    return;
  }
  const size_t line = origin->second.rfind(':');
  if (line == std::string::npos) return;
  look_at_file(origin->second.substr(0, line), "the password of database.url", findings);
}

/// What systemd hands to the service; no setting names it.
void look_at_credential_store(Findings& findings) {
  std::error_code absent;
  for (const auto& file : std::filesystem::directory_iterator("/etc/credstore", absent)) {
    if (file.path().filename().string().starts_with("vapisync.")) {
      look_at_file(file.path(), "a secret of the service", findings);
    }
  }
}

}  // namespace

void look_at_files(const config::Config& config, Findings& findings) {
  if (!config.vapi.platform_key_file.empty()) {
    look_at_file(config.vapi.platform_key_file, "the platform key", findings);
  }
  if (!config.secrets.key_file.empty()) {
    look_at_file(config.secrets.key_file, "the sealing keys", findings);
  }
  look_at_password(config, findings);
  look_at_credential_store(findings);
}

}  // namespace vapisync::doctor
