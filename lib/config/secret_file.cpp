#include "config/secret_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/log.hpp"

namespace vapisync::config {
namespace {

constexpr size_t size_max = 4096;

class Descriptor {
 public:
  explicit Descriptor(const char* path) : fd_(::open(path, O_RDONLY | O_CLOEXEC)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Error failure(const std::filesystem::path& path, std::string_view what) {
  return make_error(Verdict::invalid, "secret_file",
                    fmt::format("secret file {}: {}", path.string(), what), path.string());
}

Error failure(const std::filesystem::path& path, int error) {
  return failure(path, "cannot be read: " + std::generic_category().message(error));
}

void warn_if_open_to_all(int fd, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || (status.st_mode & S_IROTH) == 0) return;
  log::warning("secret_file_open", {{"path", path.string()},
                                    {"hint", "every user of this machine may read it: chmod o-r"}});
}

// Returns the number of bytes, at most `size`; a negative errno on failure.
int read_all(int fd, char* buffer, size_t size) {
  size_t have = 0;
  while (have < size) {
    const ssize_t got = ::read(fd, buffer + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  return static_cast<int>(have);
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

std::string_view problem(std::string_view secret) {
  if (secret.empty()) return "is empty";
  if (std::ranges::any_of(secret, is_control)) {
    return "must hold the secret on one line and nothing else";
  }
  if (secret.front() == ' ' || secret.back() == ' ') return "has a space at its beginning or end";
  return "";
}

Result<Secret> read_text(const std::filesystem::path& path) {
  const Descriptor file(path.c_str());
  if (file.get() < 0) return failure(path, errno);
  std::array<char, size_max + 1> buffer{};
  const int size = read_all(file.get(), buffer.data(), buffer.size());
  if (size < 0) return failure(path, -size);

  std::string_view text(buffer.data(), static_cast<size_t>(size));
  if (text.size() > size_max) return failure(path, "is too large to be a key");
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  Secret secret{std::string(text)};
  OPENSSL_cleanse(buffer.data(), buffer.size());
  warn_if_open_to_all(file.get(), path);
  return secret;
}

}  // namespace

Result<Secret> read_secret_file(const std::filesystem::path& path) {
  auto secret = read_text(path);
  if (!secret) return secret;
  const std::string_view wrong = problem(secret->reveal());
  if (!wrong.empty()) return failure(path, wrong);
  return secret;
}

Result<Secret> read_key_file(const std::filesystem::path& path) {
  return read_text(path);
}

}  // namespace vapisync::config
