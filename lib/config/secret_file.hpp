#pragma once
// Secrets live in files of their own, so that they appear neither in the configuration nor in the
// process list. A file in systemd's $CREDENTIALS_DIRECTORY is read like any other.
#include <filesystem>

#include "base/error.hpp"
#include "base/secret.hpp"

namespace vapisync::config {

/// The file's content without one trailing newline. Fails with `invalid` when the file cannot be
/// read, is empty, is larger than any key, or holds a control character. A file that every user
/// of the machine may read is used, with a warning in the log.
Result<Secret> read_secret_file(const std::filesystem::path& path);

/// The same for a file of several lines, as `vapisync keygen` makes them.
Result<Secret> read_key_file(const std::filesystem::path& path);

}  // namespace vapisync::config
