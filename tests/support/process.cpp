#include "support/process.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vapisync::test {
namespace {

struct Pipe {
  int ends[2]{-1, -1};
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  }
};

/// Only calls that are safe between fork and exec.
[[noreturn]] void become(char* const* arguments, int out, int err) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (out >= 0) dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execv(arguments[0], arguments);
  _exit(127);
}

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t n = read(fd, buffer, sizeof buffer); n > 0; n = read(fd, buffer, sizeof buffer)) {
    text.append(buffer, static_cast<size_t>(n));
  }
  close(fd);
  return text;
}

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

}  // namespace

pid_t start_program(const std::vector<std::string>& arguments, int out, int err) {
  std::vector<char*> pointers;
  for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) become(pointers.data(), out, err);
  return pid;
}

int await_end(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Process::Process(std::vector<std::string> arguments)
    : name_(arguments.size() > 1 ? arguments[1] : arguments[0]) {
  Pipe err;
  pid_ = start_program(arguments, -1, err.ends[1]);
  close(err.ends[1]);
  stderr_ = err.ends[0];
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

Process::~Process() {
  if (!ended_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(stderr_);
  close(pidfd_);
}

void Process::signal(int number) const {
  kill(pid_, number);
}

bool Process::has_ended() const {
  pollfd waited{pidfd_, POLLIN, 0};
  return ended_ || poll(&waited, 1, 0) > 0;
}

bool Process::read_more(std::chrono::steady_clock::time_point deadline) {
  pollfd waited{stderr_, POLLIN, 0};
  if (poll(&waited, 1, milliseconds_until(deadline)) <= 0) return false;
  char buffer[8192];
  const ssize_t n = read(stderr_, buffer, sizeof buffer);
  if (n <= 0) return false;
  output_.append(buffer, static_cast<size_t>(n));
  return true;
}

Process::Line Process::await(const std::string& event, const Wanted& wanted,
                             std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const size_t end = output_.find('\n', consumed_);
    if (end == std::string::npos) {
      if (!read_more(deadline)) fail("never logged " + event);
      continue;
    }
    auto line = json::parse(std::string_view(output_).substr(consumed_, end - consumed_));
    consumed_ = end + 1;
    if (!line || json::text_or(*line, "event", "") != event) continue;
    if (!wanted || wanted(*line)) return std::move(*line);
  }
}

int Process::wait(std::chrono::seconds patience) {
  if (ended_) return exit_code_;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (read_more(deadline)) {
  }
  pollfd waited{pidfd_, POLLIN, 0};
  if (poll(&waited, 1, milliseconds_until(deadline)) <= 0) fail("did not end");
  ended_ = true;
  exit_code_ = await_end(pid_);
  return exit_code_;
}

void Process::fail(const std::string& what) const {
  constexpr size_t tail = 4000;
  const size_t from = output_.size() > tail ? output_.size() - tail : 0;
  throw std::runtime_error(name_ + " " + what + "; its last lines:\n" + output_.substr(from));
}

Ran run_program(const std::vector<std::string>& arguments) {
  Pipe out;
  Pipe err;
  const pid_t pid = start_program(arguments, out.ends[1], err.ends[1]);
  close(out.ends[1]);
  close(err.ends[1]);
  Ran ran;
  ran.out = read_all(out.ends[0]);
  ran.err = read_all(err.ends[0]);
  ran.exit_code = await_end(pid);
  return ran;
}

}  // namespace vapisync::test
