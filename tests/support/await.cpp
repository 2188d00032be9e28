#include "support/await.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

namespace vapisync::test {

void await(const std::string& what, const std::function<bool()>& holds,
           std::chrono::seconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::string last;
  while (std::chrono::steady_clock::now() < deadline) {
    try {
      if (holds()) return;
      last.clear();
    } catch (const std::runtime_error& not_yet) {
      last = std::string(": ") + not_yet.what();
    }
    std::this_thread::yield();
  }
  throw std::runtime_error("waited in vain for " + what + last);
}

}  // namespace vapisync::test
