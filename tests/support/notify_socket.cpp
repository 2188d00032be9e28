#include "support/notify_socket.hpp"

#include <algorithm>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace vapisync::test {

using std::chrono::steady_clock;

namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

}  // namespace

NotifySocket::NotifySocket(std::string path)
    : path_(std::move(path)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  const auto address = address_of(path_);
  if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot bind " + path_);
  }
}

NotifySocket::~NotifySocket() {
  ::close(socket_);
  ::unlink(path_.c_str());
}

void NotifySocket::fill() const {
  const int sender = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto address = address_of(path_);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  while (::sendto(sender, "X=1", 3, MSG_DONTWAIT, to, sizeof address) > 0) {
  }
  ::close(sender);
}

std::string NotifySocket::receive(steady_clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
  pollfd waited{socket_, POLLIN, 0};
  if (::poll(&waited, 1, static_cast<int>(std::max<int64_t>(left.count(), 0))) <= 0) return {};
  char buffer[4096];
  const ssize_t size = ::recv(socket_, buffer, sizeof buffer, 0);
  return size > 0 ? std::string(buffer, static_cast<size_t>(size)) : std::string{};
}

std::string NotifySocket::await(const std::string& text, std::chrono::milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  for (auto message = receive(deadline); !message.empty(); message = receive(deadline)) {
    if (message.find(text) != std::string::npos) return message;
  }
  throw std::runtime_error("no notification came with: " + text);
}

void NotifySocket::forget() {
  while (!receive(steady_clock::now()).empty()) {
  }
}

bool NotifySocket::hears(const std::string& text, std::chrono::milliseconds within) {
  forget();
  const auto deadline = steady_clock::now() + within;
  for (auto message = receive(deadline); !message.empty(); message = receive(deadline)) {
    if (message.find(text) != std::string::npos) return true;
  }
  return false;
}

void NotifySocket::await_silence(const std::string& text, std::chrono::milliseconds lasting) {
  const auto deadline = steady_clock::now() + std::chrono::seconds(60);
  while (hears(text, lasting)) {
    if (steady_clock::now() > deadline) throw std::runtime_error("it never became silent: " + text);
  }
}

}  // namespace vapisync::test
