#include <fmt/format.h>

#include "chaos/checks.hpp"

namespace vapisync::chaos {
namespace {

/// What users stamped, and what Vapi refuses. The rest comes from defaults, which are not ours to
/// judge here.
Content only_asked(const Content& content) {
  Content asked;
  for (const auto& [field, value] : content.fields) {
    const bool stamped = value.starts_with("\"s");
    if (stamped || field == "stopSpeakingPlan") asked.fields.emplace(field, value);
  }
  return asked;
}

void apply(const json::Value& ask, Content& content) {
  for (const auto& member : ask.GetObject()) {
    const std::string field(json::text(member.name));
    if (field == "vapi") {
      apply(member.value, content);
    } else if (member.value.IsNull()) {
      content.fields.erase(field);
    } else {
      content.fields[field] = json::canonical(member.value);
    }
  }
}

/// Every ask in order, undone ones left out: what is wanted, from the first version on.
Content replay(const Resource& resource) {
  Content content;
  for (const auto& entry : resource.entries) {
    if (entry.cause == "rollback" || entry.state == "rolled_back") continue;
    if (entry.is_delete || !entry.ask) {
      content = entry.content;
    } else {
      apply(*entry.ask, content);
    }
  }
  return only_asked(content);
}

bool is_gone(const Resource& resource) {
  for (auto entry = resource.entries.rbegin(); entry != resource.entries.rend(); ++entry) {
    if (entry->cause != "rollback" && entry->state != "rolled_back") return entry->is_delete;
  }
  return true;
}

void check_resource(const Resource& resource, Complaints& complaints) {
  const auto complain = [&](const std::string& what) {
    complaints.push_back(fmt::format("resource {} ({}): {}", resource.id, resource.name(), what));
  };
  if (resource.settled != resource.desired) {
    complain(fmt::format("settled at {} of {}", resource.settled, resource.desired));
  }
  for (const auto& entry : resource.entries) {
    if (entry.state == "pending")
      complain(fmt::format("version {} is pending for ever", entry.version));
    const auto plan = entry.content.fields.find("stopSpeakingPlan");
    const bool is_bad = plan != entry.content.fields.end();
    if (entry.state == "synced" && is_bad) {
      complain(fmt::format("version {} is synced, and Vapi refuses it", entry.version));
    }
  }
  if (resource.blocked != (resource.live != resource.desired)) {
    complain(fmt::format("{}, live at {}, wanted {}", resource.blocked ? "blocked" : "not blocked",
                         resource.live, resource.desired));
  }
  if (resource.desired == 0) return;
  const auto& newest = resource.entry(resource.desired);
  if (newest.is_delete != is_gone(resource)) {
    complain(fmt::format("version {} is {}, and by what was asked it is {}", newest.version,
                         newest.is_delete ? "a delete" : "a document",
                         newest.is_delete ? "wanted" : "wanted no more"));
    return;
  }
  const auto wanted = replay(resource);
  if (only_asked(newest.content) != wanted) {
    complain(fmt::format("version {} wants {}, and asked was {}", newest.version,
                         to_text(only_asked(newest.content)), to_text(wanted)));
  }
}

}  // namespace

void check_wanted(const Evidence& evidence, Complaints& complaints) {
  for (const auto& [id, resource] : evidence.books.resources) check_resource(resource, complaints);
}

}  // namespace vapisync::chaos
