#include "chaos/daemon.hpp"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <stdexcept>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/process.hpp"

namespace vapisync::chaos {
namespace {

constexpr int term_patience_ms = 15'000;

/// Whether the process has a handler for SIGTERM by now; from the kernel's mask of caught signals.
bool catches_term(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("SigCgt:")) continue;
    const auto caught = std::stoull(line.substr(line.find('\t') + 1), nullptr, 16);
    return (caught >> (SIGTERM - 1) & 1U) != 0;
  }
  return false;
}

}  // namespace

Daemon::Daemon(std::string name, const std::string& login, const std::string& log_folder,
               std::vector<std::string> settings, const test::PostgresServer& server,
               int sandbox_port)
    : name_(std::move(name)),
      log_file_(log_folder + "/" + name_ + ".log"),
      database_(std::make_unique<test::Gate>(server.directory() + "/.s.PGSQL." + server.port())),
      vapi_(std::make_unique<test::Gate>(sandbox_port)),
      arguments_{VAPISYNC_BINARY, "serve"} {
  settings.push_back("database.url=postgresql://" + login +
                     "@/postgres?host=" + database_->directory() + "&port=1");
  settings.push_back("vapi.base_url=http://127.0.0.1:" + std::to_string(vapi_->port()));
  settings.emplace_back("http.listen=127.0.0.1:0");
  for (auto& setting : settings) {
    arguments_.emplace_back("--set");
    arguments_.push_back(std::move(setting));
  }
}

Daemon::~Daemon() {
  kill();
}

void Daemon::start() {
  const int log = ::open(log_file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) throw std::runtime_error("cannot write " + log_file_);
  pid_ = test::start_program(arguments_, -1, log);
  ::close(log);
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
}

void Daemon::kill() {
  if (!lives()) return;
  ::kill(pid_, SIGKILL);
  reap();
}

void Daemon::stop() {
  ::kill(pid_, SIGSTOP);
}

void Daemon::go_on() {
  ::kill(pid_, SIGCONT);
}

int Daemon::term() {
  const bool listens = catches_term(pid_);
  ::kill(pid_, SIGTERM);
  if (!has_ended(term_patience_ms)) {
    kill();
    return -1;
  }
  const int code = reap();
  // One that is only just starting has nothing to end in order.
  return !listens && code == 128 + SIGTERM ? 0 : code;
}

std::optional<int> Daemon::ended_by_itself() {
  if (!lives() || !has_ended(0)) return std::nullopt;
  return reap();
}

bool Daemon::has_ended(int patience_ms) const {
  pollfd waited{pidfd_, POLLIN, 0};
  return ::poll(&waited, 1, patience_ms) > 0;
}

int Daemon::reap() {
  const int code = test::await_end(pid_);
  ::close(pidfd_);
  pid_ = -1;
  return code;
}

}  // namespace vapisync::chaos
