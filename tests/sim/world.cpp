#include "sim/world.hpp"

#include <stdexcept>

#include "sim/process.hpp"

namespace vapisync::sim {
namespace {

constexpr int handlers_max = 1'000'000;

}  // namespace

bool World::run_until(TimePoint end, const std::function<bool()>& done) {
  settle();
  while (!done()) {
    if (events_.empty() || events_.begin()->first > end) {
      now_ = std::max(now_, end);
      return false;
    }
    auto next = events_.extract(events_.begin());
    now_ = std::max(now_, next.key());
    next.mapped()();
    settle();
  }
  return true;
}

void World::settle() {
  int handlers = 0;
  for (bool busy = true; busy;) {
    busy = false;
    for (size_t i = 0; i < processes_.size(); ++i) {
      while (processes_[i]->poll_one()) {
        busy = true;
        if (++handlers > handlers_max) throw std::runtime_error("livelock: time can not pass");
      }
    }
  }
}

void World::note(std::string_view what, int64_t detail) {
  const auto add = [this](uint64_t byte) { trace_ = (trace_ ^ byte) * 1099511628211U; };
  for (const char c : what) add(static_cast<unsigned char>(c));
  for (int shift = 0; shift < 64; shift += 16) {
    add((static_cast<uint64_t>(detail) >> shift) & 0xffffU);
    add((static_cast<uint64_t>(now_.since_boot.count()) >> shift) & 0xffffU);
  }
}

}  // namespace vapisync::sim
