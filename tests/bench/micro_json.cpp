// What every document goes through: read, canonical form, hash, written.
#include <benchmark/benchmark.h>

#include "bench/micro_document.hpp"

namespace vapisync::bench {
namespace {

void parse(benchmark::State& state) {
  const std::string text = document_text();
  for (auto _ : state) benchmark::DoNotOptimize(json::parse(text));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(parse);

void canonical_form(benchmark::State& state) {
  const json::Document value = document();
  for (auto _ : state) benchmark::DoNotOptimize(json::canonical(value));
}
BENCHMARK(canonical_form);

void hash(benchmark::State& state) {
  const json::Document value = document();
  for (auto _ : state) benchmark::DoNotOptimize(json::hash(value));
}
BENCHMARK(hash);

void write_text(benchmark::State& state) {
  const json::Document value = document();
  for (auto _ : state) benchmark::DoNotOptimize(json::to_text(value));
}
BENCHMARK(write_text);

}  // namespace
}  // namespace vapisync::bench
