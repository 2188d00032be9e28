#include "support/gate.hpp"

#include <filesystem>
#include <poll.h>
#include <stdexcept>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace vapisync::test {
namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long: " + path);
  memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

int unix_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::runtime_error("socket failed");
  return fd;
}

bool send_all(int to, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(to, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

/// What came; empty at the end of the stream.
std::string receive(int from) {
  std::string bytes(16'384, '\0');
  const ssize_t size = ::recv(from, bytes.data(), bytes.size(), 0);
  bytes.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return bytes;
}

}  // namespace

Gate::Gate(const std::string& target) : target_(target), directory_("/tmp/vapisync-gate-XXXXXX") {
  if (::mkdtemp(directory_.data()) == nullptr) throw std::runtime_error("mkdtemp failed in /tmp");
  listener_ = unix_socket();
  const auto address = address_of(directory_ + "/.s.PGSQL.1");
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 32) != 0) {
    throw std::runtime_error("cannot listen in " + directory_);
  }
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  thread_ = std::thread([this] { run(); });
}

Gate::~Gate() {
  stop_ = true;
  wake();
  thread_.join();
  drop_all();
  ::close(listener_);
  ::close(wake_);
  std::filesystem::remove_all(directory_);
}

void Gate::set(State state) {
  state_ = state;
  wake();
}

void Gate::cut() {
  cut_ = true;
  wake();
  while (cut_) std::this_thread::yield();
}

void Gate::wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void Gate::run() {
  while (!stop_) {
    std::vector<pollfd> waited{{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& pair : pairs_) {
      waited.push_back({pair.client, POLLIN, 0});
      waited.push_back({pair.server, POLLIN, 0});
    }
    if (::poll(waited.data(), waited.size(), -1) < 0) return;
    uint64_t woken = 0;
    while (::read(wake_, &woken, sizeof woken) > 0) {
    }
    if (cut_ || state_ == State::shut) {
      drop_all();
      cut_ = false;
      if (waited[1].revents != 0) accept_one();
      continue;
    }
    std::vector<Pair> kept;
    for (size_t i = 0; i < pairs_.size(); ++i) {
      if (pump(pairs_[i], waited[2 + 2 * i].revents != 0, waited[3 + 2 * i].revents != 0)) {
        kept.push_back(pairs_[i]);
      } else {
        ::close(pairs_[i].client);
        ::close(pairs_[i].server);
      }
    }
    pairs_ = std::move(kept);
    if (waited[1].revents != 0) accept_one();
  }
}

/// Of the messages that begin with a statement's name only Bind has a 0 before it: its empty
/// portal.
void Gate::lose_answer_to(const std::string& statement) {
  const std::lock_guard lock(mutex_);
  lost_ = std::string(1, '\0') + statement + std::string(1, '\0');
}

void Gate::cut_at(const std::string& text) {
  const std::lock_guard lock(mutex_);
  cut_at_ = text;
}

/// Once: what was waited for is forgotten.
bool Gate::is_said(std::string& text, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (text.empty() || bytes.find(text) == std::string_view::npos) return false;
  text.clear();
  return true;
}

bool Gate::pump(Pair& pair, bool from_client, bool from_server) {
  if (from_client) {
    const auto bytes = receive(pair.client);
    if (is_said(cut_at_, bytes)) return false;
    pair.mute = pair.mute || is_said(lost_, bytes);
    if (bytes.empty() || !send_all(pair.server, bytes.data(), bytes.size())) return false;
  }
  if (!from_server) return true;
  const auto bytes = receive(pair.server);
  return !bytes.empty() && (pair.mute || send_all(pair.client, bytes.data(), bytes.size()));
}

void Gate::accept_one() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  if (state_ == State::shut) {
    ::close(client);
    return;
  }
  const int server = unix_socket();
  const auto address = address_of(target_);
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(client);
    ::close(server);
    return;
  }
  pairs_.push_back({client, server});
}

void Gate::drop_all() {
  for (const auto& pair : pairs_) {
    ::close(pair.client);
    ::close(pair.server);
  }
  pairs_.clear();
}

}  // namespace vapisync::test
