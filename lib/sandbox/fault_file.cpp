// The JSON form of a fault plan.
#include <algorithm>
#include <fmt/format.h>

#include "base/secret.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/object_reader.hpp"

namespace vapisync::sandbox {
namespace {

constexpr size_t rules_max = 1000;
constexpr int64_t ms_max = 86'400'000;  // a day

milliseconds read_ms(ObjectReader& reader, std::string_view key) {
  return milliseconds(reader.integer(key, 0, 0, ms_max));
}

milliseconds required_ms(ObjectReader& reader, std::string_view key) {
  const auto ms = read_ms(reader, key);
  if (ms.count() == 0) reader.fail(key, "must be given, in milliseconds");
  return ms;
}

std::optional<milliseconds> optional_ms(ObjectReader& reader, std::string_view key) {
  const int64_t ms = reader.integer(key, 0, 1, ms_max);
  if (ms == 0) return std::nullopt;
  return milliseconds(ms);
}

FaultMatch read_match(ObjectReader reader) {
  FaultMatch match{.method = reader.text("method"),
                   .path = reader.text("path"),
                   .org = reader.text("org"),
                   .key = reader.text("key"),
                   .body = reader.text("body")};
  reader.finish();
  return match;
}

FaultTrigger read_trigger(ObjectReader& reader) {
  constexpr int64_t many = std::numeric_limits<int64_t>::max();
  FaultTrigger trigger;
  trigger.from = static_cast<uint64_t>(reader.integer("from", 1, 1, many));
  trigger.count = static_cast<uint64_t>(reader.integer("count", many, 1, many));
  trigger.probability = reader.fraction("probability", 1);
  trigger.lasting = optional_ms(reader, "for_ms");
  trigger.until = optional_ms(reader, "until_ms");
  return trigger;
}

Reply read_reply(ObjectReader& reader) {
  const int status = static_cast<int>(reader.integer("status", 0, 200, 599));
  if (status == 0) reader.fail("status", "must be given");
  const json::Value* body = reader.value("body");
  Reply reply;
  if (reader.flag("html")) {
    reply = proxy_page(status);
    if (body != nullptr) reader.fail("body", "can't be given with html");
  } else if (body == nullptr) {
    reply = failure(status, status == 429 ? "Rate limit exceeded" : reason_phrase(status));
  } else if (body->IsString()) {
    reply.status = status;
    reply.body = std::string(json::text(*body));
    reply.content_type = reply.body.empty() ? "" : "text/plain; charset=utf-8";
  } else {
    reply = json_reply(status, json::to_text(*body));
  }
  const json::Value* retry_after = reader.value("retry_after");
  if (retry_after == nullptr) return reply;
  if (retry_after->IsString()) {
    reply.headers.emplace_back("Retry-After", std::string(json::text(*retry_after)));
  } else {
    const auto seconds = reader.integer("retry_after", 0, 0, ms_max / 1000);
    reply.headers.emplace_back("Retry-After", fmt::format("{}", seconds));
  }
  return reply;
}

LateAnswer read_late_answer(ObjectReader& reader) {
  const std::string text = reader.text("answer", "late");
  if (text == "cut") return LateAnswer::cut;
  if (text == "none") return LateAnswer::none;
  if (text != "late") reader.fail("answer", "must be late, cut or none");
  return LateAnswer::late;
}

std::shared_ptr<const json::Document> copy(const json::Value& value) {
  auto document = std::make_shared<json::Document>();
  document->CopyFrom(value, document->GetAllocator());
  return document;
}

std::vector<std::string> split_path(std::string_view text) {
  std::vector<std::string> keys;
  for (size_t end = text.find('.'); end != std::string_view::npos; end = text.find('.')) {
    keys.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  keys.emplace_back(text);
  return keys;
}

Rewrite read_rewrite(ObjectReader& reader) {
  Rewrite rewrite;
  const std::string field = reader.text("field");
  if (field.empty()) reader.fail("field", "must be given");
  rewrite.path = split_path(field);
  int ways = 0;
  const auto choose = [&](bool chosen, Rewriting what) {
    if (!chosen) return;
    rewrite.what = what;
    ++ways;
  };
  const json::Value* value = reader.value("value");
  const json::Value* fallback = reader.value("default");
  choose(value != nullptr, Rewriting::value);
  choose(fallback != nullptr, Rewriting::fallback);
  choose(reader.flag("trim"), Rewriting::trim);
  choose(reader.flag("lowercase"), Rewriting::lowercase);
  choose(reader.flag("drop"), Rewriting::drop);
  if (ways != 1) reader.fail({}, "needs exactly one of value, default, trim, lowercase, drop");
  if (value != nullptr) rewrite.value = copy(*value);
  if (fallback != nullptr) rewrite.value = copy(*fallback);
  return rewrite;
}

std::vector<StuckKey> read_stuck_keys(ObjectReader& reader) {
  std::vector<StuckKey> stuck;
  const bool refuse = reader.flag("refuse", true);
  const json::Value* keys = reader.value("keys");
  if (keys == nullptr || !keys->IsArray() || keys->Empty()) {
    reader.fail("keys", "must be a list of property names");
    return stuck;
  }
  for (const auto& key : keys->GetArray()) {
    if (!key.IsString()) {
      reader.fail("keys", "must be a list of property names");
      break;
    }
    stuck.push_back({.key = std::string(json::text(key)), .refuse = refuse});
  }
  return stuck;
}

void read_action(ObjectReader reader, FaultRule& rule) {
  switch (rule.action) {
    case FaultAction::answer:
      rule.reply = read_reply(reader);
      rule.after_commit = reader.flag("after_commit");
      rule.delay = read_ms(reader, "delay_ms");
      break;
    case FaultAction::delay: rule.delay = required_ms(reader, "ms"); break;
    case FaultAction::cut:
      rule.after_commit = reader.flag("after_commit");
      rule.delay = read_ms(reader, "delay_ms");
      break;
    case FaultAction::late_commit:
      rule.delay = required_ms(reader, "ms");
      rule.late_answer = read_late_answer(reader);
      break;
    case FaultAction::list_lag:
      rule.quirks.list_lag = required_ms(reader, "ms");
      if (reader.flag("get")) rule.quirks.read_lag = rule.quirks.list_lag;
      break;
    case FaultAction::normalise: rule.quirks.rewrites.push_back(read_rewrite(reader)); break;
    case FaultAction::stuck_keys: rule.quirks.stuck_keys = read_stuck_keys(reader); break;
  }
  reader.finish();
}

/// The rule's own text, for showing: the bearer key is replaced.
std::string source_of(const json::Value& rule) {
  json::Document shown;
  shown.CopyFrom(rule, shown.GetAllocator());
  if (json::find(shown, "match") != nullptr && json::find(shown["match"], "key") != nullptr) {
    json::set(shown["match"], "key", json::make_text(redacted, shown.GetAllocator()),
              shown.GetAllocator());
  }
  return json::to_text(shown);
}

FaultRule read_rule(const json::Value& value, size_t index, std::optional<Error>& error) {
  static constexpr FaultAction actions[] = {FaultAction::answer,    FaultAction::delay,
                                            FaultAction::cut,       FaultAction::late_commit,
                                            FaultAction::list_lag,  FaultAction::normalise,
                                            FaultAction::stuck_keys};
  ObjectReader reader(value, fmt::format("faults.{}", index), error);
  FaultRule rule;
  rule.source = source_of(value);
  if (const auto* match = reader.value("match")) {
    rule.match = read_match({*match, reader.path_to("match"), error});
  }
  rule.trigger = read_trigger(reader);
  int found = 0;
  for (const FaultAction action : actions) {
    const json::Value* settings = reader.value(to_string(action));
    if (settings == nullptr) continue;
    ++found;
    rule.action = action;
    read_action({*settings, reader.path_to(to_string(action)), error}, rule);
  }
  rule.name = reader.text("name", fmt::format("{}#{}", to_string(rule.action), index));
  reader.finish();
  if (found != 1) {
    reader.fail({},
                "needs exactly one of answer, delay, cut, late_commit, list_lag, normalise, "
                "stuck_keys");
  }
  return rule;
}

}  // namespace

Result<std::vector<FaultRule>> parse_faults(std::string_view text) {
  const auto document = json::parse(text);
  if (!document) return document.error();
  std::optional<Error> error;
  const json::Value* list = &*document;
  if (document->IsObject()) {
    ObjectReader reader(*document, "", error);
    list = reader.value("faults");
    reader.finish();
  }
  if (error) return *error;
  if (list == nullptr || !list->IsArray() || list->Size() > rules_max) {
    return make_error(Verdict::invalid, "bad_fault_plan",
                      fmt::format("faults must be a list of at most {} rules", rules_max),
                      "faults");
  }
  std::vector<FaultRule> rules;
  for (rapidjson::SizeType i = 0; i < list->Size() && !error; ++i) {
    rules.push_back(read_rule((*list)[i], i, error));
  }
  if (error) return *error;
  return rules;
}

}  // namespace vapisync::sandbox
