#include "vapi/request_metrics.hpp"

#include <algorithm>

namespace vapisync::vapi {
namespace {

constexpr Metrics::Family requests{"vapisync_vapi_requests_total",
                                   "Requests to Vapi, by the status of the answer; none: there was "
                                   "no answer."};
constexpr Metrics::Family request_seconds{"vapisync_vapi_request_seconds",
                                          "How long requests to Vapi took."};

}  // namespace

RequestMetrics::RequestMetrics(Metrics& metrics)
    : metrics_(metrics),
      seconds_(metrics.histogram(request_seconds,
                                 {0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30})) {}

void RequestMetrics::count(const core::Kind& kind, http::Method method, int status, Duration took) {
  const int known = status < 0 || status > status_max ? status_max : status;
  const auto index = static_cast<size_t>(known);
  Answers& answers = answers_of(kind, method);
  if (!answers.made[index]) {
    const std::string text = known == 0 ? "none" : std::to_string(known);
    answers.by_status[index] =
        metrics_.counter(requests, {{"kind", answers.kind},
                                    {"method", std::string(http::to_string(method))},
                                    {"status", text}});
    answers.made[index] = true;
  }
  answers.by_status[index].add();
  seconds_.observe(std::chrono::duration<double>(took).count());
}

RequestMetrics::Answers& RequestMetrics::answers_of(const core::Kind& kind, http::Method method) {
  const auto found = std::ranges::find_if(answers_, [&](const Answers& known) {
    return known.method == method && known.kind == kind.name;
  });
  if (found != answers_.end()) return *found;
  Answers& made = answers_.emplace_back();
  made.kind = std::string(kind.name);
  made.method = method;
  return made;
}

}  // namespace vapisync::vapi
