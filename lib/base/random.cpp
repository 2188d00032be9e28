#include "base/random.hpp"

#include <fmt/format.h>

namespace vapisync {

std::string Random::uuid() {
  const uint64_t a = bits();
  const uint64_t b = bits();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32U, (a >> 16U) & 0xFFFFU,
                     a & 0xFFFU, 0x8000U | ((b >> 48U) & 0x3FFFU), b & 0xFFFFFFFFFFFFU);
}

std::string Random::hex(int digits) {
  std::string out;
  while (static_cast<int>(out.size()) < digits) out += fmt::format("{:016x}", bits());
  out.resize(static_cast<size_t>(digits));
  return out;
}

}  // namespace vapisync
