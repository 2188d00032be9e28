#pragma once
// A child process whose JSON log lines a test can await. It is killed with the test, however that
// ends. Every wait has a deadline and throws with the child's last lines.
#include <chrono>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/json.hpp"

namespace vapisync::test {

class Process {
 public:
  using Line = json::Document;
  using Wanted = std::function<bool(const json::Value&)>;

  /// `arguments[0]` is the program. The environment is the test's own.
  explicit Process(std::vector<std::string> arguments);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// The next line, not yet awaited, with this event for which `wanted` holds.
  Line await(const std::string& event, const Wanted& wanted = {},
             std::chrono::seconds patience = std::chrono::seconds(30));

  void signal(int number) const;
  /// Waits for the end: the exit code, or 128 + the signal that ended it.
  int wait(std::chrono::seconds patience = std::chrono::seconds(30));
  /// Whether it is gone already.
  [[nodiscard]] bool has_ended() const;
  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Everything it printed to standard error so far.
  [[nodiscard]] const std::string& output() const { return output_; }

 private:
  bool read_more(std::chrono::steady_clock::time_point deadline);
  [[noreturn]] void fail(const std::string& what) const;

  std::string name_;
  pid_t pid_{-1};
  int pidfd_{-1};
  int stderr_{-1};
  std::string output_;
  size_t consumed_{0};
  bool ended_{false};
  int exit_code_{0};
};

/// Starts a program, which dies with the thread that started it. `out` may be -1: the test's own.
pid_t start_program(const std::vector<std::string>& arguments, int out, int err);
/// The exit code, or 128 + the signal that ended it; waits until then.
int await_end(pid_t pid);

struct Ran {
  int exit_code{0};
  std::string out;  ///< standard output
  std::string err;
};

/// Runs to the end.
Ran run_program(const std::vector<std::string>& arguments);

}  // namespace vapisync::test
