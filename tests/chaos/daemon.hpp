#pragma once
// One `vapisync serve` behind gates of its own, through which it reaches database and sandbox. It
// writes its log to a file, over all its lives.
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "support/gate.hpp"

namespace vapisync::chaos {

class Daemon {
 public:
  /// `settings` are `section.key=value`; where database and Vapi are is added.
  Daemon(std::string name, const std::string& login, const std::string& log_folder,
         std::vector<std::string> settings, const test::PostgresServer& server, int sandbox_port);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  void start();
  void kill();
  void stop();   ///< it stands still
  void go_on();  ///< after `stop`
  /// An orderly end. The exit code, or -1 when it did not end in time and was killed.
  int term();

  [[nodiscard]] bool lives() const { return pid_ > 0; }
  /// The exit code of one that ended without being told to.
  std::optional<int> ended_by_itself();

  [[nodiscard]] const std::string& name() const { return name_; }
  test::Gate& database() { return *database_; }
  test::Gate& vapi() { return *vapi_; }

 private:
  bool has_ended(int patience_ms) const;
  int reap();

  std::string name_;
  std::string log_file_;
  std::unique_ptr<test::Gate> database_;
  std::unique_ptr<test::Gate> vapi_;
  std::vector<std::string> arguments_;
  pid_t pid_{-1};
  int pidfd_{-1};
};

}  // namespace vapisync::chaos
