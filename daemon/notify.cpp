#include "notify.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

namespace vapisync::notify {
namespace {

/// Whoever has no time to read must not hold us up: what comes again and again may be lost.
enum class Weight { may_be_lost, must_arrive };

void send(std::string_view state, Weight weight) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  sockaddr_un address{};
  const size_t length = std::strlen(path);
  if (length < 2 || length >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // an address without a file
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  const int flags = MSG_NOSIGNAL | (weight == Weight::may_be_lost ? MSG_DONTWAIT : 0);
  static_cast<void>(::sendto(fd, state.data(), state.size(), flags,
                             reinterpret_cast<const sockaddr*>(&address), size));
  ::close(fd);
}

std::optional<int64_t> number_of(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  int64_t number = 0;
  const char* const last = text + std::strlen(text);
  const auto [end, error] = std::from_chars(text, last, number);
  return error == std::errc{} && end == last ? std::optional(number) : std::nullopt;
}

/// On systemd's clock, which is not ours: it tells a reload from one that was asked for later.
int64_t monotonic_us() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1'000;
}

}  // namespace

void ready() {
  send("READY=1", Weight::must_arrive);
}

void reloading() {
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_us()), Weight::must_arrive);
}

void stopping() {
  send("STOPPING=1", Weight::may_be_lost);
}

void status(const std::string& text) {
  std::string line = text;
  std::ranges::replace(line, '\n', ' ');
  send("STATUS=" + line, Weight::may_be_lost);
}

void watchdog() {
  send("WATCHDOG=1", Weight::may_be_lost);
}

std::optional<Milliseconds> watchdog_limit() {
  const auto limit_us = number_of("WATCHDOG_USEC");
  const auto meant = number_of("WATCHDOG_PID");
  if (!limit_us || *limit_us <= 0 || (meant && *meant != ::getpid())) return std::nullopt;
  return std::max(Milliseconds{*limit_us / 1'000}, Milliseconds{1});
}

}  // namespace vapisync::notify
