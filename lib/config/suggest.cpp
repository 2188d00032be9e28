#include "config/suggest.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace vapisync::config {
namespace {

constexpr size_t far = std::numeric_limits<size_t>::max();

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string_view name_of(std::string_view key) {
  return key.substr(key.rfind('.') + 1);
}

size_t distance(std::string_view word, std::string_view candidate) {
  const size_t edits = edit_distance(word, candidate);
  if (edits <= 2) return edits;
  if (name_of(word) == name_of(candidate)) return 2;
  if (word.size() >= 4 && candidate.starts_with(word)) return 3;
  if (candidate.size() >= 4 && word.starts_with(candidate)) return 3;
  return edits <= word.size() / 4 ? edits : far;
}

}  // namespace

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  size_t best = far;
  std::string_view found;
  for (const auto& candidate : candidates) {
    const size_t here = distance(word, candidate);
    if (here < best) {
      best = here;
      found = candidate;
    }
  }
  return found.empty() ? "" : "; did you mean " + std::string(found) + "?";
}

}  // namespace vapisync::config
