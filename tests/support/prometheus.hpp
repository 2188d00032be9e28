#pragma once
// A real Prometheus that scrapes one daemon and evaluates the shipped alerts, only sooner: the
// expressions are those of monitoring/alerts.yml, with shorter times to wait.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "support/process.hpp"

namespace vapisync::test {

class Prometheus {
 public:
  /// `target` is HOST:PORT; `directory` is there and its own. Returns when it was looked at.
  Prometheus(std::string directory, const std::string& target);

  /// Returns once this alert fires, or does not any more; throws when that never happens.
  void await_firing(const std::string& alert,
                    std::chrono::seconds patience = std::chrono::minutes(1));
  void await_resolved(const std::string& alert);
  /// The names of those that fire.
  std::vector<std::string> firing();
  /// Whether Prometheus accepts the expression; else why not.
  std::string problem_of(const std::string& expression);

 private:
  void await_first_look();
  json::Document ask(const std::string& target);
  bool fires(const std::string& alert);

  std::string directory_;
  std::unique_ptr<Process> process_;
  std::string url_;
};

/// The rules with every `for` and range shortened, so that a test need not wait for them.
std::string hurried_rules();

}  // namespace vapisync::test
