// References between resources in the database in memory: who waits for whom, and who wakes.
#include <algorithm>

#include "base/json.hpp"
#include "core/references.hpp"
#include "support/memory_database.hpp"

namespace vapisync::test {
namespace {

std::set<std::string> names_in(const std::string& document) {
  std::set<std::string> names;
  if (document.find("\"$ref\"") == std::string::npos) return names;
  for (auto& reference : core::find_references(*json::parse(document))) {
    names.insert(std::move(reference.name));
  }
  return names;
}

/// By name; what an org's wanted documents refer to.
using Graph = std::map<std::string, std::set<std::string>>;

bool leads_back(const Graph& graph, const std::string& start) {
  std::set<std::string> reached;
  std::vector<std::string> next{start};
  while (!next.empty()) {
    const auto edges = graph.find(next.back());
    next.pop_back();
    if (edges == graph.end()) continue;
    for (const auto& name : edges->second) {
      if (name == start) return true;
      if (reached.insert(name).second) next.push_back(name);
    }
  }
  return false;
}

}  // namespace

std::string MemoryDatabase::name_of(const std::string& kind, const std::string& key) {
  return kind + "/" + key;
}

const MemoryDatabase::Resource* MemoryDatabase::find_named(const std::string& org_id,
                                                           const std::string& name) const {
  const size_t slash = name.find('/');
  return slash == std::string::npos ? nullptr
                                    : find(org_id, name.substr(slash + 1), name.substr(0, slash));
}

/// What it refers to must be wanted and lead nowhere back, and nothing that is wanted may refer to
/// what it deletes; all as it will be afterwards.
bool MemoryDatabase::has_sound_references(const SaveRequest& request) const {
  std::set<std::string> wanted;
  Graph graph;
  for (const auto& [id, resource] : resources) {
    if (resource.org_id != request.org_id) continue;
    const std::string name = name_of(resource.kind, resource.key);
    if (is_wanted(resource)) wanted.insert(name);
    for (const auto& [target, link] : resource.links) {
      const Resource& other = resources.at(target);
      if (link.in_desired) graph[name].insert(name_of(other.kind, other.key));
    }
  }
  for (const Change& change : request.changes) {
    const std::string name = name_of(change.kind, change.key);
    const bool removes = change.op == Change::Op::remove;
    removes ? void(wanted.erase(name)) : void(wanted.insert(name));
    graph[name] = names_in(document_after(request.org_id, change));
  }
  return std::all_of(request.changes.begin(), request.changes.end(), [&](const Change& change) {
    const std::string name = name_of(change.kind, change.key);
    if (change.op == Change::Op::remove) {
      return std::none_of(graph.begin(), graph.end(),
                          [&](const auto& node) { return node.second.contains(name); });
    }
    const auto asked = names_in(change.document);
    return asked.empty() || (std::ranges::includes(wanted, asked) && !leads_back(graph, name));
  });
}

/// What the live document refers to stays known beside what the newest one does.
void MemoryDatabase::link(Resource& resource, const std::string& document) {
  std::set<int64_t> targets;
  for (const auto& name : names_in(document)) {
    if (const Resource* target = find_named(resource.org_id, name)) targets.insert(target->id);
  }
  for (auto& [target, link] : resource.links) link.in_desired = false;
  for (const int64_t target : targets) resource.links[target].in_desired = true;
  std::erase_if(resource.links,
                [](const auto& item) { return !item.second.in_desired && !item.second.in_live; });
}

void MemoryDatabase::hold_on_to(Resource& resource, const std::vector<int64_t>& targets) {
  for (auto& [target, link] : resource.links) link.in_live = false;
  for (const int64_t target : targets) resource.links[target].in_live = true;
}

bool MemoryDatabase::is_wanted(const Resource& resource) {
  return !resource.entries.empty() && resource.entries.back().op == core::Op::upsert;
}

core::Others MemoryDatabase::reference_state(const Resource& target) const {
  const bool has_object = !target.remote.id.empty();
  const bool blocked = target.last_error.has_value();
  if (!is_wanted(target) || (blocked && (target.live == 0 || !has_object))) {
    return core::Others::hopeless;
  }
  const auto& account = credentials.at(credential_of(target.org_id)).account_id;
  const bool is_here = account.empty() || account == target.remote.account_id;
  const bool stands = target.live == target.desired || blocked;
  return has_object && stands && is_here ? core::Others::ready : core::Others::waiting;
}

/// Over however many others, by what is wanted.
bool MemoryDatabase::refers_to_itself(const Resource& resource) const {
  std::set<int64_t> reached;
  std::vector<int64_t> next{resource.id};
  while (!next.empty()) {
    const Resource& one = resources.at(next.back());
    next.pop_back();
    for (const auto& [target, link] : one.links) {
      if (!link.in_desired) continue;
      if (target == resource.id) return true;
      if (reached.insert(target).second) next.push_back(target);
    }
  }
  return false;
}

std::vector<db::Reference> MemoryDatabase::references_of(const Resource& resource) const {
  std::vector<db::Reference> references;
  for (const auto& [id, link] : resource.links) {
    const Resource& target = resources.at(id);
    core::Others state = reference_state(target);
    if (state == core::Others::waiting && refers_to_itself(resource)) {
      state = core::Others::hopeless;
    }
    references.push_back({id, name_of(target.kind, target.key), target.remote.id, state});
  }
  return references;
}

/// What is at rest and still wants it never will, nor does what is blocked.
bool MemoryDatabase::lets_go(const Resource& referrer, const Link& link) const {
  return !referrer.last_error && (!link.in_desired || work.contains(referrer.id));
}

/// What stands at Vapi and refers to it.
core::Others MemoryDatabase::referrers_of(const Resource& resource) const {
  core::Others state = core::Others::ready;
  for (const auto& [id, other] : resources) {
    const auto link = other.links.find(resource.id);
    if (link == other.links.end() || !link->second.in_live) continue;
    const bool goes = lets_go(other, link->second);
    state = std::max(state, goes ? core::Others::waiting : core::Others::hopeless);
  }
  return state;
}

bool MemoryDatabase::waits_for_others(const Resource& resource) const {
  const bool for_targets =
      std::any_of(resource.links.begin(), resource.links.end(), [&](const auto& item) {
        return item.second.in_desired &&
               reference_state(resources.at(item.first)) == core::Others::waiting;
      });
  const bool for_referrers =
      !is_wanted(resource) && std::any_of(resources.begin(), resources.end(), [&](const auto& x) {
        const auto link = x.second.links.find(resource.id);
        return link != x.second.links.end() && link->second.in_live &&
               lets_go(x.second, link->second);
      });
  return for_targets || for_referrers;
}

/// The object of a resource is another one now. False, and nothing done: a dependent is locked, or
/// is settled in the same batch.
bool MemoryDatabase::touch_dependents(const Resource& resource, const std::set<int64_t>& batch,
                                      TimePoint now) {
  std::vector<int64_t> dependents;
  for (const auto& [id, other] : resources) {
    if (!other.links.contains(resource.id)) continue;
    if (other.held || batch.contains(id)) return false;
    dependents.push_back(id);
  }
  for (const int64_t id : dependents) touch(id, now);
  return true;
}

bool MemoryDatabase::is_linked(const Resource& resource) const {
  return !resource.links.empty() ||
         std::any_of(resources.begin(), resources.end(),
                     [&](const auto& item) { return item.second.links.contains(resource.id); });
}

void MemoryDatabase::wake_neighbours(const std::vector<db::Report>& reports,
                                     const std::vector<db::Receipt>& receipts, TimePoint now) {
  std::map<int64_t, bool> neighbours;  // whether one of theirs converged
  for (size_t i = 0; i < reports.size(); ++i) {
    if (!receipts[i].linked) continue;
    const int64_t ended = reports[i].claim->resource_id;
    const bool converged = reports[i].outcome == db::Outcome::confirmed;
    const auto note = [&](int64_t id) { neighbours[id] = neighbours[id] || converged; };
    for (const auto& [target, link] : resources.at(ended).links) note(target);
    for (const auto& [id, other] : resources) {
      if (other.links.contains(ended)) note(id);
    }
  }
  for (const auto& [id, converged] : neighbours) {
    const Resource& resource = resources.at(id);
    const std::string code = resource.last_error ? resource.last_error->code : "";
    const bool was_refused = code == "reference_gone" || code == "still_referenced";
    if (converged && was_refused && !resource.held) touch(id, now);
    const auto row = work.find(id);
    if (row == work.end() || row->second.held || row->second.open_until) continue;
    if (row->second.due_at > now && !row->second.is_leased(now)) row->second.due_at = now;
  }
}

}  // namespace vapisync::test
