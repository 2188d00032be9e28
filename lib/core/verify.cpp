#include "core/verify.hpp"

#include <algorithm>

#include "base/secret.hpp"
#include "core/place.hpp"

namespace vapisync::core {
namespace {

constexpr size_t excerpt_bytes_max = 200;
constexpr size_t differences_max = 20;

bool listed(std::span<const std::string_view> paths, const Place& place) {
  return std::ranges::any_of(paths, [&place](auto path) { return is_at(place, path); });
}

bool is_scalar(const json::Value& value) {
  return !value.IsObject() && !value.IsArray();
}

/// Fit for rows and log lines, whatever Vapi stored.
std::string excerpt(const json::Value* value) {
  if (value == nullptr) return "(absent)";
  const std::string text =
      value->IsString() ? std::string(json::text(*value)) : json::to_text(*value);
  std::string out = redact(text, Secret{}, excerpt_bytes_max);
  if (out.size() < text.size()) out += "...";
  return out;
}

class Walk {
 public:
  explicit Walk(const Kind& kind) : kind_(kind) {}

  void compare(const json::Value& sent, const json::Value* stored, const Place& place) {
    // Nearly all are, and then nothing else matters.
    if (stored != nullptr && is_scalar(sent) && json::equal(sent, *stored)) return;
    if (differences.size() >= differences_max || listed(kind_.write_only, place)) return;
    if (is_unset(sent, place)) {
      if (stored != nullptr && !is_unset(*stored, place) && !json::equal(sent, *stored)) {
        // A value that means "not set" may also be just what somebody wants.
        add(sent.IsNull() ? Difference::How::kept : Difference::How::changed, sent, stored, place);
      }
      return;
    }
    if (stored == nullptr || stored->IsNull()) {
      add(Difference::How::lost, sent, stored, place);
    } else if (sent.IsObject() && stored->IsObject()) {
      compare_members(sent, *stored, place);
    } else if (sent.IsArray() && stored->IsArray()) {
      compare_items(sent, *stored, place);
    } else if (!json::equal(sent, *stored)) {
      add(Difference::How::changed, sent, stored, place);
    }
  }

  std::vector<Difference> differences;

 private:
  void compare_members(const json::Value& sent, const json::Value& stored, const Place& place) {
    for (const auto& member : sent.GetObject()) {
      const std::string_view name = json::text(member.name);
      compare(member.value, json::find(stored, name), {&place, name});
    }
  }

  void compare_items(const json::Value& sent, const json::Value& stored, const Place& place) {
    if (stored.Size() < sent.Size()) return add(Difference::How::lost, sent, &stored, place);
    if (stored.Size() > sent.Size()) return add(Difference::How::changed, sent, &stored, place);
    if (listed(kind_.sets, place)) return compare_set(sent, stored, place);
    for (rapidjson::SizeType i = 0; i < sent.Size(); ++i) {
      compare(sent[i], &stored[i], {&place, {}, i});
    }
  }

  void compare_set(const json::Value& sent, const json::Value& stored, const Place& place) {
    const auto sorted = [](const json::Value& array) {
      std::vector<std::string> items;
      for (const auto& item : array.GetArray()) items.push_back(json::canonical(item));
      std::sort(items.begin(), items.end());
      return items;
    };
    if (sorted(sent) != sorted(stored)) add(Difference::How::changed, sent, &stored, place);
  }

  /// Null, or the value by which the kind resets this key.
  [[nodiscard]] bool is_unset(const json::Value& value, const Place& place) const {
    if (value.IsNull()) return true;
    for (const auto& reset : kind_.reset_values) {
      if (is_at(place, reset.key)) return json::canonical(value) == reset.json;
    }
    return false;
  }

  void add(Difference::How how, const json::Value& sent, const json::Value* stored,
           const Place& place) {
    differences.push_back({to_path(place), how, excerpt(&sent), excerpt(stored)});
  }

  const Kind& kind_;
};

}  // namespace

std::vector<Difference> verify(const json::Value& sent, const json::Value& answer,
                               const Kind& kind) {
  Walk walk(kind);
  walk.compare(sent, &answer, {});
  return std::move(walk.differences);
}

}  // namespace vapisync::core
