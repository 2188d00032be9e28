#pragma once
// Reads the log of a simulation while it is written: an error-level line must have a fault of this
// seed as its reason.
#include <memory>
#include <spdlog/logger.h>

#include "sim/stage.hpp"

namespace vapisync::sim {

class LogWatch {
 public:
  explicit LogWatch(Stage& stage);
  LogWatch(const LogWatch&) = delete;
  LogWatch& operator=(const LogWatch&) = delete;
  ~LogWatch();

 private:
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace vapisync::sim
