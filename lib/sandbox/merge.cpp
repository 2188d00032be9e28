#include "sandbox/merge.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace vapisync::sandbox {
namespace {

const StuckKey* find_stuck(const Quirks& quirks, std::string_view key) {
  const auto it = std::find_if(quirks.stuck_keys.begin(), quirks.stuck_keys.end(),
                               [key](const StuckKey& stuck) { return stuck.key == key; });
  return it == quirks.stuck_keys.end() ? nullptr : &*it;
}

/// Null and absent are the same thing to a reader.
bool same(const json::Value* a, const json::Value* b) {
  const bool a_empty = a == nullptr || a->IsNull();
  const bool b_empty = b == nullptr || b->IsNull();
  if (a_empty || b_empty) return a_empty && b_empty;
  return json::equal(*a, *b);
}

void rewrite(const json::Document& body, const Quirks& quirks, json::Document& config) {
  for (const auto& change : quirks.rewrites) {
    const bool sent = json::find(body, change.path.front()) != nullptr;
    if (sent || change.what == Rewriting::fallback) apply(change, config);
  }
}

std::vector<std::string> differences(const json::Value& before, const json::Value& after) {
  std::vector<std::string> keys;
  for (const auto& member : after.GetObject()) {
    if (!same(json::find(before, json::text(member.name)), &member.value)) {
      keys.emplace_back(json::text(member.name));
    }
  }
  for (const auto& member : before.GetObject()) {
    if (json::find(after, json::text(member.name)) == nullptr && !member.value.IsNull()) {
      keys.emplace_back(json::text(member.name));
    }
  }
  return keys;
}

}  // namespace

Merged merge(std::string_view stored, const json::Document& body, const Quirks& quirks) {
  const auto before = json::parse(stored);
  json::Document after;
  after.CopyFrom(*before, after.GetAllocator());
  Merged merged;
  for (const auto& member : body.GetObject()) {
    const std::string_view key = json::text(member.name);
    const json::Value* old = json::find(after, key);
    const StuckKey* stuck = member.value.IsNull() ? find_stuck(quirks, key) : nullptr;
    if (stuck != nullptr && old != nullptr && !old->IsNull()) {
      if (stuck->refuse) merged.refused.push_back(fmt::format("{} must not be null", key));
      continue;
    }
    // A null for a key that never was set leaves no trace.
    if (same(old, &member.value)) continue;
    json::set(after, key, json::Value(member.value, after.GetAllocator()), after.GetAllocator());
  }
  rewrite(body, quirks, after);
  merged.fields = differences(*before, after);
  merged.config = json::to_text(after);
  return merged;
}

}  // namespace vapisync::sandbox
