#include "sandbox/kinds.hpp"

#include <algorithm>

namespace vapisync::sandbox {
namespace {

bool is_valid_hook(const json::Value& hook) {
  static constexpr std::string_view events[] = {"call.ending", "assistant.speech.interrupted",
                                                "customer.speech.interrupted",
                                                "customer.speech.timeout", "session.created"};
  const std::string_view on = json::text_or(hook, "on", {});
  const json::Value* actions = json::find(hook, "do");
  // A timeout may carry its options in brackets: customer.speech.timeout[...].
  return actions != nullptr && actions->IsArray() &&
         std::find(std::begin(events), std::end(events), on.substr(0, on.find('['))) !=
             std::end(events);
}

/// Hooks are the exception to strict validation: Vapi drops the invalid ones without a word.
void drop_invalid_hooks(json::Document& body) {
  const auto found = body.FindMember("hooks");
  if (found == body.MemberEnd() || found->value.IsNull()) return;
  json::Value& hooks = found->value;
  if (!hooks.IsArray()) {
    hooks.SetArray();
    return;
  }
  for (auto it = hooks.Begin(); it != hooks.End();) {
    it = is_valid_hook(*it) ? it + 1 : hooks.Erase(it);
  }
}

constexpr Kind all_kinds[] = {
    {"assistant", "assistants", "Assistant", &schema::assistant, drop_invalid_hooks},
    {"tool", "tools", "Tool", &schema::tool, nullptr},
};

}  // namespace

std::span<const Kind> kinds() {
  return all_kinds;
}

const Kind* find_kind(std::string_view path, std::span<const Kind> among) {
  const auto it = std::ranges::find(among, path, &Kind::path);
  return it == among.end() ? nullptr : &*it;
}

}  // namespace vapisync::sandbox
