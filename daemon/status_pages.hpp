#pragma once
// The pages for those who watch the daemon: /metrics, /livez and /readyz.
#include <functional>
#include <string>

#include "base/metrics.hpp"
#include "core/health.hpp"
#include "http/server.hpp"

namespace vapisync {

struct StatusPages {
  std::function<core::Health()> health;
  std::function<std::string()> metrics;

  [[nodiscard]] http::ServerResponse answer(const http::ServerRequest& request) const;
};

}  // namespace vapisync
