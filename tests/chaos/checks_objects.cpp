#include <fmt/format.h>

#include "chaos/checks.hpp"

namespace vapisync::chaos {
namespace {

/// What Vapi itself puts into an object, and our marker's place.
bool is_vapis(const std::string& key) {
  return key == "id" || key == "orgId" || key == "createdAt" || key == "updatedAt" ||
         key == "latestVersion" || key == "metadata" || key == "isServerUrlSecretSet";
}

bool is_reset(const std::string& key, const json::Value& value) {
  return value.IsNull() || (key == "maxDurationSeconds" && value == 600);
}

/// Top-level keys are compared whole: an update replaces them whole.
void check_contents(const Resource& resource, const Object& object, const std::string& payload,
                    Complaints& complaints) {
  const auto wanted = json::parse(payload).value();
  const auto complain = [&](const std::string& key, const json::Value* is,
                            const json::Value* ought) {
    complaints.push_back(fmt::format("resource {} ({}): {} of object {} is {}, wanted is {}",
                                     resource.id, resource.name(), key, object.id,
                                     is == nullptr ? "absent" : json::to_text(*is),
                                     ought == nullptr ? "nothing" : json::to_text(*ought)));
  };
  for (const auto& member : wanted.GetObject()) {
    const std::string key(json::text(member.name));
    const auto* stored = json::find(object.document, key);
    if (key == "metadata") continue;
    if (stored == nullptr || !json::equal(*stored, member.value))
      complain(key, stored, &member.value);
  }
  for (const auto& member : object.document.GetObject()) {
    const std::string key(json::text(member.name));
    if (is_vapis(key) || json::find(wanted, key) != nullptr || is_reset(key, member.value))
      continue;
    complain(key, &member.value, nullptr);
  }
}

void check_resource(const Resource& resource, const std::vector<const Object*>& objects,
                    const std::set<std::string>& leftovers, Complaints& complaints) {
  const auto complain = [&](const std::string& what) {
    complaints.push_back(fmt::format("resource {} ({}): {}", resource.id, resource.name(), what));
  };
  const Object* held = nullptr;
  for (const auto* object : objects) {
    if (object->id == resource.remote_id) {
      held = object;
    } else if (!leftovers.contains(object->id) && !leftovers.contains(object->owner.attempt)) {
      complain(fmt::format("object {} is one too many, and no leftover is listed", object->id));
    }
  }
  const int64_t standing = resource.blocked ? resource.live : resource.desired;
  const bool wanted = standing > 0 && !resource.entry(standing).is_delete;
  if (!wanted) {
    // A create may be lost, found, and followed by nothing but refusals: then its object stands,
    // known and unconfirmed, until a version is accepted.
    if (held != nullptr && !resource.blocked) {
      complain(fmt::format("wanted no more, and object {} stands", held->id));
    }
    return;
  }
  if (held == nullptr) {
    complain(fmt::format("there is no object {}", resource.remote_id));
    return;
  }
  if (held->account != resource.account) {
    complain(fmt::format("object {} lies in another account", held->id));
  }
  check_contents(resource, *held, resource.entry(standing).payload, complaints);
}

/// Orgs with a key of their own share their account with nobody.
void check_accounts(const Books& books, Complaints& complaints) {
  std::map<std::string, std::string> tenants;
  for (const auto& [id, resource] : books.resources) {
    if (resource.account.empty()) continue;
    const std::string tenant = resource.org.starts_with("own") ? resource.org : "platform";
    const auto [known, is_new] = tenants.emplace(resource.account, tenant);
    if (is_new || known->second == tenant) continue;
    complaints.push_back(fmt::format("resource {} ({}) lives in the account of {}", id,
                                     resource.name(), known->second));
  }
}

}  // namespace

void check_objects(const Evidence& evidence, Complaints& complaints) {
  std::map<int64_t, std::vector<const Object*>> by_resource;
  for (const auto& object : evidence.objects) by_resource[object.owner.resource].push_back(&object);
  for (const auto& [resource, objects] : by_resource) {
    if (evidence.books.resources.contains(resource)) continue;
    complaints.push_back(fmt::format("object {} belongs to nothing we know", objects.front()->id));
  }
  for (const auto& [id, resource] : evidence.books.resources) {
    check_resource(resource, by_resource[id], evidence.books.leftovers, complaints);
  }
  check_accounts(evidence.books, complaints);
}

}  // namespace vapisync::chaos
