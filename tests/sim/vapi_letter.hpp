#pragma once
// One request on its way to the simulated Vapi and back.
#include "sim/vapi.hpp"

namespace vapisync::sim {

/// One request, from the daemon's first byte to whatever becomes of it.
struct Vapi::Letter {
  http::Request request;
  std::string id;       ///< of the object that the target names
  int64_t resource{0};  ///< 0: a list
  std::string caller;
  bool cleans{false};  ///< looks at a leftover, or deletes it
  bool counts{false};  ///< for "one in flight per resource"
  int era{0};          ///< of its org
  TimePoint sent;
  std::weak_ptr<Debt<http::Exchange>> owed;

  void answer(http::Exchange exchange) const {
    if (const auto open = owed.lock()) open->pay(std::move(exchange));
  }
  [[nodiscard]] bool is_write() const { return request.method != http::Method::get; }
};

}  // namespace vapisync::sim
