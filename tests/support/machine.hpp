#pragma once
// Systemd as the first process of a machine of its own, with our units installed: see machine.sh.
#include <memory>
#include <string>
#include <vector>

#include "support/process.hpp"

namespace vapisync::test {

class Machine {
 public:
  /// Why there can be none here; empty: there can.
  static std::string impossible();

  Machine();
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Runs to the end inside.
  [[nodiscard]] Ran run(std::vector<std::string> words) const;
  void write(const std::string& path, const std::string& text) const;
  /// `systemctl show` of one property of vapisync.service.
  [[nodiscard]] std::string property(const std::string& name) const;
  /// What the service has logged.
  [[nodiscard]] std::string journal() const;

 private:
  std::string directory_;
  std::unique_ptr<Process> process_;
  std::string init_;  ///< systemd's process id, outside
};

}  // namespace vapisync::test
