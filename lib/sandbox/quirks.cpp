#include "sandbox/quirks.hpp"

#include <algorithm>
#include <charconv>

namespace vapisync::sandbox {
namespace {

json::Value* step(json::Value& at, const std::string& key) {
  if (at.IsArray()) {
    rapidjson::SizeType index = 0;
    const auto result = std::from_chars(key.data(), key.data() + key.size(), index);
    return result.ec == std::errc{} && index < at.Size() ? &at[index] : nullptr;
  }
  if (!at.IsObject()) return nullptr;
  const auto it = at.FindMember(key);
  return it == at.MemberEnd() ? nullptr : &it->value;
}

void remove(json::Value& parent, json::Value& child, const std::string& key) {
  if (parent.IsArray()) {
    parent.Erase(&child);
  } else {
    json::erase(parent, key);
  }
}

std::string trimmed(std::string text) {
  const auto solid = [](unsigned char c) { return c > ' '; };
  text.erase(std::find_if(text.rbegin(), text.rend(), solid).base(), text.end());
  text.erase(text.begin(), std::find_if(text.begin(), text.end(), solid));
  return text;
}

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return text;
}

}  // namespace

void apply(const Rewrite& rewrite, json::Document& config) {
  auto& allocator = config.GetAllocator();
  json::Value* parent = &config;
  for (size_t i = 0; i + 1 < rewrite.path.size(); ++i) {
    parent = step(*parent, rewrite.path[i]);
    if (parent == nullptr) return;
  }
  const std::string& key = rewrite.path.back();
  json::Value* target = step(*parent, key);
  if (target == nullptr) {
    if (rewrite.what != Rewriting::fallback || !parent->IsObject()) return;
    json::set(*parent, key, json::Value(*rewrite.value, allocator), allocator);
    return;
  }
  switch (rewrite.what) {
    case Rewriting::value: target->CopyFrom(*rewrite.value, allocator); break;
    case Rewriting::fallback: break;
    case Rewriting::drop: remove(*parent, *target, key); break;
    case Rewriting::trim:
    case Rewriting::lowercase: {
      if (!target->IsString()) break;
      std::string text(json::text(*target));
      text = rewrite.what == Rewriting::trim ? trimmed(text) : lowered(text);
      *target = json::make_text(text, allocator);
    }
  }
}

}  // namespace vapisync::sandbox
