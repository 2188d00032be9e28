#include <algorithm>
#include <fmt/format.h>

#include "chaos/checks.hpp"

namespace vapisync::chaos {
namespace {

struct Member {
  const Resource* resource;
  const Entry* entry;
};
using Members = std::map<std::string, std::vector<Member>>;

/// The entries in which saves asked for something, by save id.
Members members_of(const Books& books) {
  Members members;
  for (const auto& [id, resource] : books.resources) {
    for (const auto& entry : resource.entries) {
      if (entry.cause != "rollback") members[entry.save_id].push_back({&resource, &entry});
    }
  }
  return members;
}

bool any(const std::vector<Member>& members, const std::string& state) {
  return std::any_of(members.begin(), members.end(),
                     [&](const Member& member) { return member.entry->state == state; });
}

bool all(const std::vector<Member>& members, const std::string& state) {
  return std::all_of(members.begin(), members.end(),
                     [&](const Member& member) { return member.entry->state == state; });
}

/// Read from the entries alone, however the daemon counted.
std::string expected_state(const std::vector<Member>& members) {
  if (all(members, "rolled_back")) return "rolled_back";
  if (any(members, "failed")) return "failed";
  return any(members, "synced") ? "synced" : "superseded";
}

/// A put-back that Vapi refused: then the save is `failed` although its entries are undone.
bool has_refused_put_back(const Books& books, const std::string& save_id) {
  for (const auto& [id, resource] : books.resources) {
    for (const auto& entry : resource.entries) {
      if (entry.save_id == save_id && entry.cause == "rollback" && entry.state == "failed")
        return true;
    }
  }
  return false;
}

void check_end(const Books& books, const std::string& id, const Save& save,
               const std::vector<Member>& members, Complaints& complaints) {
  const auto name = fmt::format("save {} of {}", save.request, save.org);
  if (save.open != 0 || save.state == "pending" || save.state == "rolling_back") {
    complaints.push_back(fmt::format("{} never ended: {}, {} open", name, save.state, save.open));
    return;
  }
  if (save.told != save.state) {
    complaints.push_back(fmt::format("{} is {}, save_status says {}", name, save.state, save.told));
  }
  const auto expected = expected_state(members);
  if (expected == save.state) return;
  if (save.state == "failed" && has_refused_put_back(books, id)) return;
  std::string states;
  for (const auto& member : members) {
    states +=
        fmt::format(" {}.{} {}", member.resource->id, member.entry->version, member.entry->state);
  }
  complaints.push_back(
      fmt::format("{} ended {}, its entries say {}:{}", name, save.state, expected, states));
}

/// Vapi takes everything that these orgs save.
void check_innocence(const Save& save, Complaints& complaints) {
  if (save.org.starts_with("rough") || save.state == "synced" || save.state == "superseded") return;
  complaints.push_back(fmt::format("save {} of {} ended {}, and nothing in it is wrong",
                                   save.request, save.org, save.state));
}

}  // namespace

void check_saves(const Evidence& evidence, Complaints& complaints) {
  const auto members = members_of(evidence.books);
  std::map<SaveName, const Save*> known;
  for (const auto& [id, save] : evidence.books.saves) {
    known.emplace(SaveName{save.org, save.request}, &save);
    const auto found = members.find(id);
    if (found == members.end()) {
      complaints.push_back(fmt::format("save {} of {} has no entries", save.request, save.org));
      continue;
    }
    check_end(evidence.books, id, save, found->second, complaints);
    check_innocence(save, complaints);
  }
  for (const auto& name : evidence.committed) {
    if (known.contains(name)) continue;
    complaints.push_back(
        fmt::format("save {} of {} was acknowledged and is gone", name.second, name.first));
  }
  for (const auto& name : evidence.withdrawn) {
    if (!known.contains(name)) continue;
    complaints.push_back(fmt::format(
        "save {} of {} is there, though its transaction was rolled back", name.second, name.first));
  }
  for (const auto& [name, state] : evidence.ends) {
    const auto save = known.find(name);
    if (save == known.end() || save->second->state == state) continue;
    complaints.push_back(fmt::format("save {} of {} had ended {} and is now {}", name.second,
                                     name.first, state, save->second->state));
  }
}

}  // namespace vapisync::chaos
