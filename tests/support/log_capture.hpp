#pragma once
// Keeps the log of a test out of its output, and lets the test look into it. One at a time.
#include <gtest/gtest.h>
#include <string>

#include "base/log.hpp"

namespace vapisync::test {

class LogCapture {
 public:
  LogCapture() {
    log::configure(log::Level::info, log::Format::json);
    testing::internal::CaptureStderr();
  }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  ~LogCapture() { testing::internal::GetCapturedStderr(); }

  /// How many lines of this event there were since the last call.
  int count(const std::string& event) {
    const std::string text = testing::internal::GetCapturedStderr();
    testing::internal::CaptureStderr();
    const std::string wanted = "\"event\":\"" + event + "\"";
    int found = 0;
    for (size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
      ++found;
    }
    return found;
  }
};

}  // namespace vapisync::test
