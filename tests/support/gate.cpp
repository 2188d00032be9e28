#include "support/gate.hpp"

#include <arpa/inet.h>
#include <filesystem>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int new_socket(int family) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::runtime_error("socket failed");
  return fd;
}

template <class Address>
int connect_to(const Address& address, int family) {
  const int fd = new_socket(family);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

template <class Address>
int listen_at(const Address& address, int family) {
  const int fd = new_socket(family);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, 128) != 0) {
    throw std::runtime_error("a gate cannot listen");
  }
  return fd;
}

int port_of(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

/// What passes through is as prompt as it was.
void be_prompt(int fd) {
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
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

Gate::Gate(const std::string& target)
    : connect_([address = address_of(target)] { return connect_to(address, AF_UNIX); }),
      directory_("/tmp/vapisync-gate-XXXXXX") {
  if (::mkdtemp(directory_.data()) == nullptr) throw std::runtime_error("mkdtemp failed in /tmp");
  listener_ = listen_at(address_of(directory_ + "/.s.PGSQL.1"), AF_UNIX);
  start();
}

Gate::Gate(int target)
    : connect_([address = loopback(target)] { return connect_to(address, AF_INET); }),
      listener_(listen_at(loopback(0), AF_INET)),
      port_(port_of(listener_)) {
  start();
}

void Gate::start() {
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
  if (!directory_.empty()) std::filesystem::remove_all(directory_);
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
    const State state = state_;
    for (const auto& pair : pairs_) {
      const bool answers = state != State::stalled && state != State::answers_held;
      waited.push_back({state == State::stalled ? -1 : pair.client, POLLIN, 0});
      waited.push_back({answers ? pair.server : -1, POLLIN, 0});
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
  const int server = connect_();
  if (server < 0) {
    ::close(client);
    return;
  }
  if (port_ != 0) {
    be_prompt(client);
    be_prompt(server);
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
