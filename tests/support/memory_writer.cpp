// The writers' side of the database in memory: saves and touches.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/json.hpp"
#include "support/memory_database.hpp"

namespace vapisync::test {
namespace {

using json::Value;

void merge_patch(Value& target, const Value& patch, json::Document::AllocatorType& allocator) {
  if (!target.IsObject()) target.SetObject();
  for (const auto& member : patch.GetObject()) {
    const std::string_view key = json::text(member.name);
    if (member.value.IsNull()) {
      json::erase(target, key);
      continue;
    }
    Value value(member.value, allocator);
    if (member.value.IsObject()) {
      const Value* old = json::find(target, key);
      Value merged(rapidjson::kObjectType);
      if (old != nullptr && old->IsObject()) merged.CopyFrom(*old, allocator);
      merge_patch(merged, member.value, allocator);
      value = std::move(merged);
    }
    json::set(target, key, std::move(value), allocator);
  }
}

}  // namespace

std::string apply_ask(const std::string& base, const std::string& start, const std::string& ask) {
  auto document = *json::parse(base.empty() ? start : base);
  const auto asked = *json::parse(ask);
  auto& allocator = document.GetAllocator();
  if (const Value* patch = json::find(asked, "vapi")) merge_patch(document, *patch, allocator);
  for (const std::string_view field : named_fields) {
    const Value* given = json::find(asked, field);
    if (given != nullptr) json::set(document, field, Value(*given, allocator), allocator);
  }
  return json::to_text(document);
}

const MemoryDatabase::Resource* MemoryDatabase::find(const std::string& org_id,
                                                     const std::string& key,
                                                     const std::string& kind) const {
  for (const auto& [id, resource] : resources) {
    if (resource.org_id == org_id && resource.key == key && resource.kind == kind) return &resource;
  }
  return nullptr;
}

MemoryDatabase::Resource* MemoryDatabase::find(const std::string& org_id, const std::string& key,
                                               const std::string& kind) {
  const Resource* found = std::as_const(*this).find(org_id, key, kind);
  return found == nullptr ? nullptr : &resources.at(found->id);
}

MemoryDatabase::Resource& MemoryDatabase::ensure(const std::string& org_id, const Change& change,
                                                 TimePoint now) {
  if (Resource* known = find(org_id, change.key, change.kind)) return *known;
  Resource resource;
  resource.id = ++last_resource_;
  resource.org_id = org_id;
  resource.kind = change.kind;
  resource.key = change.key;
  resource.created_at = now;
  return resources.emplace(resource.id, std::move(resource)).first->second;
}

bool MemoryDatabase::can_lock(const SaveRequest& request) const {
  return std::none_of(resources.begin(), resources.end(), [&](const auto& item) {
    const Resource& resource = item.second;
    return resource.held && resource.org_id == request.org_id &&
           std::any_of(request.changes.begin(), request.changes.end(), [&](const Change& change) {
             return change.key == resource.key && change.kind == resource.kind;
           });
  });
}

bool MemoryDatabase::is_held(const std::string& org_id) const {
  return std::any_of(resources.begin(), resources.end(), [&](const auto& item) {
    return item.second.held && item.second.org_id == org_id;
  });
}

bool MemoryDatabase::is_refused(const SaveRequest& request) const {
  const bool deletes_nothing =
      std::any_of(request.changes.begin(), request.changes.end(), [&](const Change& change) {
        return change.op == Change::Op::remove &&
               find(request.org_id, change.key, change.kind) == nullptr;
      });
  return deletes_nothing || !has_sound_references(request);
}

bool MemoryDatabase::begin(const SaveRequest& request, TimePoint now) {
  if (is_refused(request)) return false;
  ++writers_;
  for (const Change& change : request.changes) {
    Resource* known = find(request.org_id, change.key, change.kind);
    if (known == nullptr) continue;  // nobody else sees it before the commit
    known->held = true;
    const auto row = work.find(known->id);
    if (row != work.end()) row->second.held = would_move(row->second, *known, now);
  }
  return true;
}

void MemoryDatabase::roll_back(const SaveRequest& request) {
  --writers_;
  for (const Change& change : request.changes) {
    Resource* known = find(request.org_id, change.key, change.kind);
    if (known == nullptr) continue;
    known->held = false;
    const auto row = work.find(known->id);
    if (row != work.end()) row->second.held = false;
  }
}

void MemoryDatabase::commit(const SaveRequest& request, TimePoint now) {
  roll_back(request);
  Save& save = saves[{request.org_id, request.request_id}];
  save.on_reject = request.on_reject;
  save.open_count = static_cast<int>(request.changes.size());
  // First all, since they may refer to each other.
  for (const Change& change : request.changes) ensure(request.org_id, change, now);
  for (const Change& change : request.changes) {
    append(ensure(request.org_id, change, now), request.request_id, change, now);
  }
}

bool MemoryDatabase::save(const SaveRequest& request, TimePoint now) {
  if (!begin(request, now)) return false;
  commit(request, now);
  return true;
}

std::string MemoryDatabase::document_after(const std::string& org_id, const Change& change) const {
  if (change.op == Change::Op::remove) return {};
  if (change.op == Change::Op::put) return change.document;
  const Resource* known = find(org_id, change.key, change.kind);
  const bool has_any = known != nullptr && !known->entries.empty();
  return apply_ask(has_any ? known->entries.back().payload : "", options_.agent_default,
                   change.document);
}

void MemoryDatabase::append(Resource& resource, const std::string& save, const Change& change,
                            TimePoint now) {
  Entry entry;
  entry.save = save;
  entry.op = change.op == Change::Op::remove ? core::Op::remove : core::Op::upsert;
  entry.payload = document_after(resource.org_id, change);
  if (change.op == Change::Op::ask) entry.ask = change.document;
  append(resource, std::move(entry), now);
}

void MemoryDatabase::append(Resource& resource, Entry entry, TimePoint now) {
  entry.version = ++resource.desired;
  resource.entries.push_back(std::move(entry));
  ++resource.generation;
  resource.last_error.reset();
  link(resource, resource.entries.back().payload);
  ensure_work(resource, now);
}

void MemoryDatabase::touch(int64_t resource_id, TimePoint now) {
  Resource& resource = resources.at(resource_id);
  ++resource.generation;
  resource.last_error.reset();
  ensure_work(resource, now);
}

/// What is claimed, and an open create, keep their row as it is.
bool MemoryDatabase::would_move(const Work& row, const Resource& resource, TimePoint now) const {
  const bool leased = row.leased_until && *row.leased_until > now;
  return !leased && (!row.open_until || !resource.remote.id.empty()) &&
         (row.due_at > now || row.attempts > 0);
}

void MemoryDatabase::ensure_work(const Resource& resource, TimePoint now) {
  const auto [row, is_new] = work.try_emplace(resource.id);
  if (is_new) {
    row->second.due_at = now;
  } else if (would_move(row->second, resource, now)) {
    row->second.due_at = std::min(row->second.due_at, now);
    row->second.attempts = 0;
  }
}

}  // namespace vapisync::test
