#include "core/verify.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/secret.hpp"

namespace vapisync::core {
namespace {

constexpr size_t excerpt_bytes_max = 200;
constexpr size_t differences_max = 20;

bool listed(std::span<const std::string_view> paths, std::string_view path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
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

  void compare(const json::Value& sent, const json::Value* stored, const std::string& path) {
    if (differences.size() >= differences_max || listed(kind_.write_only, path)) return;
    if (is_unset(sent, path)) {
      if (stored != nullptr && !is_unset(*stored, path) && !json::equal(sent, *stored)) {
        // A value that means "not set" may also be just what somebody wants.
        add(sent.IsNull() ? Difference::How::kept : Difference::How::changed, sent, stored, path);
      }
      return;
    }
    if (stored == nullptr || stored->IsNull()) {
      add(Difference::How::lost, sent, stored, path);
    } else if (sent.IsObject() && stored->IsObject()) {
      compare_members(sent, *stored, path);
    } else if (sent.IsArray() && stored->IsArray()) {
      compare_items(sent, *stored, path);
    } else if (!json::equal(sent, *stored)) {
      add(Difference::How::changed, sent, stored, path);
    }
  }

  std::vector<Difference> differences;

 private:
  void compare_members(const json::Value& sent, const json::Value& stored,
                       const std::string& path) {
    for (const auto& member : sent.GetObject()) {
      const std::string_view name = json::text(member.name);
      compare(member.value, json::find(stored, name),
              path.empty() ? std::string(name) : fmt::format("{}.{}", path, name));
    }
  }

  void compare_items(const json::Value& sent, const json::Value& stored, const std::string& path) {
    if (stored.Size() < sent.Size()) return add(Difference::How::lost, sent, &stored, path);
    if (stored.Size() > sent.Size()) return add(Difference::How::changed, sent, &stored, path);
    if (listed(kind_.sets, path)) return compare_set(sent, stored, path);
    for (rapidjson::SizeType i = 0; i < sent.Size(); ++i) {
      compare(sent[i], &stored[i], fmt::format("{}[{}]", path, i));
    }
  }

  void compare_set(const json::Value& sent, const json::Value& stored, const std::string& path) {
    const auto sorted = [](const json::Value& array) {
      std::vector<std::string> items;
      for (const auto& item : array.GetArray()) items.push_back(json::canonical(item));
      std::sort(items.begin(), items.end());
      return items;
    };
    if (sorted(sent) != sorted(stored)) add(Difference::How::changed, sent, &stored, path);
  }

  /// Null, or the value by which the kind resets this key.
  [[nodiscard]] bool is_unset(const json::Value& value, std::string_view path) const {
    if (value.IsNull()) return true;
    for (const auto& reset : kind_.reset_values) {
      if (reset.key == path) return json::canonical(value) == reset.json;
    }
    return false;
  }

  void add(Difference::How how, const json::Value& sent, const json::Value* stored,
           const std::string& path) {
    differences.push_back({path, how, excerpt(&sent), excerpt(stored)});
  }

  const Kind& kind_;
};

}  // namespace

std::vector<Difference> verify(const json::Value& sent, const json::Value& answer,
                               const Kind& kind) {
  Walk walk(kind);
  walk.compare(sent, &answer, "");
  return std::move(walk.differences);
}

}  // namespace vapisync::core
