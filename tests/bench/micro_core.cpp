// The pure decisions that every claim takes.
#include <benchmark/benchmark.h>

#include "bench/micro_document.hpp"
#include "core/decide.hpp"
#include "core/marker.hpp"
#include "core/verify.hpp"
#include "vapi/kinds.hpp"

namespace vapisync::bench {
namespace {

const core::Kind& assistant() {
  return *vapi::find_kind("assistant");
}

/// An update that Vapi stores as it is: the two questions of most claims.
void decide(benchmark::State& state) {
  for (auto _ : state) {
    core::Facts facts;
    facts.has_id = true;
    benchmark::DoNotOptimize(facts);
    benchmark::DoNotOptimize(core::decide(facts));
    core::learn_from_write(facts, true);
    benchmark::DoNotOptimize(core::decide(facts));
  }
}
BENCHMARK(decide);

void verify_equal(benchmark::State& state) {
  const json::Document sent = document();
  const json::Document answer = document();
  for (auto _ : state) benchmark::DoNotOptimize(core::verify(sent, answer, assistant()));
}
BENCHMARK(verify_equal);

/// With a copy of the document each time, since each mark takes room in it.
void mark(benchmark::State& state) {
  const json::Document value = document();
  const core::Marker marker{"5a0f4f0e-0000-4000-8000-000000000000/123456", "0123456789abcdef", {}};
  for (auto _ : state) {
    json::Document marked;
    marked.CopyFrom(value, marked.GetAllocator());
    core::mark(marked, marker, assistant(), core::MarkedBy::metadata);
    benchmark::DoNotOptimize(marked);
  }
}
BENCHMARK(mark);

}  // namespace
}  // namespace vapisync::bench
