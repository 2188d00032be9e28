#pragma once
// Counts the requests to Vapi by kind, method and answer. One for all clients of a process;
// single-threaded.
#include <array>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "core/kind.hpp"
#include "http/message.hpp"

namespace vapisync::vapi {

class RequestMetrics {
 public:
  explicit RequestMetrics(Metrics& metrics);

  /// `status` 0: there was no answer.
  void count(const core::Kind& kind, http::Method method, int status, Duration took);

 private:
  static constexpr int status_max = 599;
  /// Made when an answer comes for the first time, then found by its number.
  struct Answers {
    std::string kind;
    http::Method method;
    std::array<Counter, status_max + 1> by_status{};
    std::array<bool, status_max + 1> made{};
  };
  Answers& answers_of(const core::Kind& kind, http::Method method);

  Metrics& metrics_;
  Histogram seconds_;
  std::vector<Answers> answers_;
};

}  // namespace vapisync::vapi
