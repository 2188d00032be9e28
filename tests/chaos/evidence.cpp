#include "chaos/evidence.hpp"

#include <charconv>
#include <fmt/format.h>
#include <stdexcept>

#include "core/marker.hpp"
#include "sandbox/wall_time.hpp"

namespace vapisync::chaos {
namespace {

constexpr const char* recognised[] = {"name", "firstMessage", "endCallMessage", "voicemailMessage",
                                      "stopSpeakingPlan"};

Owner owner_of(const json::Value& document) {
  const auto marker = core::read_marker(document);
  if (!marker) return {};
  Owner owner{0, marker->attempt};
  const auto slash = marker->resource.rfind('/') + 1;
  std::from_chars(marker->resource.data() + slash,
                  marker->resource.data() + marker->resource.size(), owner.resource);
  return owner;
}

Entry to_entry(const pqxx::row& row) {
  Entry entry;
  entry.version = row["version"].as<int64_t>();
  entry.is_delete = row["op"].as<std::string>() == "delete";
  entry.cause = row["cause"].c_str();
  entry.state = row["state"].c_str();
  entry.save_id = row["save_id"].as<std::string>("");
  if (!row["ask"].is_null()) entry.ask = json::parse(row["ask"].c_str()).value();
  entry.payload = row["payload"].as<std::string>("");
  if (!entry.payload.empty()) entry.content = content_of(json::parse(entry.payload).value());
  return entry;
}

Resource to_resource(const pqxx::row& row) {
  Resource resource;
  resource.id = row["resource_id"].as<int64_t>();
  resource.org = row["org_id"].c_str();
  resource.key = row["key"].c_str();
  resource.desired = row["desired_version"].as<int64_t>();
  resource.settled = row["settled_version"].as<int64_t>();
  resource.live = row["live_version"].as<int64_t>();
  resource.remote_id = row["remote_id"].as<std::string>("");
  resource.account = row["account_id"].as<std::string>("");
  resource.blocked = row["blocked"].as<bool>();
  return resource;
}

Call to_call(const json::Value& line) {
  Call call;
  call.seq = json::find(line, "seq")->GetUint64();
  const auto at = sandbox::from_iso(json::text_or(line, "at", ""));
  call.at_ms = at ? at->time_since_epoch().count() : 0;
  call.method = json::text_or(line, "method", "");
  call.account = json::text_or(line, "account", "");
  call.object = json::text_or(line, "object", "");
  if (const auto* changed = json::find(line, "changed")) {
    call.changed = json::text_or(*changed, "op", "");
  }
  const auto* executed = json::find(line, "executed");
  call.executed = executed->IsInt() && executed->GetInt() < 300;
  call.landed_late = json::find(line, "lateOf") != nullptr;
  if (const auto body = json::parse(json::text_or(line, "body", ""))) {
    call.owner = owner_of(*body);
    call.content = content_of(*body);
  }
  return call;
}

}  // namespace

Content content_of(const json::Value& document) {
  Content content;
  for (const char* field : recognised) {
    const auto* value = json::find(document, field);
    if (value != nullptr && !value->IsNull()) content.fields[field] = json::canonical(*value);
  }
  return content;
}

std::string to_text(const Content& content) {
  std::string text;
  for (const auto& [field, value] : content.fields) text += fmt::format(" {}={}", field, value);
  return "{" + text + " }";
}

Books read_books(const std::string& url) {
  pqxx::connection connection(url);
  pqxx::work tx(connection);
  Books books;
  for (const auto& row :
       tx.exec("SELECT *, last_error IS NOT NULL AS blocked FROM vapisync.resources")) {
    auto resource = to_resource(row);
    books.resources.emplace(resource.id, std::move(resource));
  }
  for (const auto& row : tx.exec("SELECT * FROM vapisync.entries ORDER BY resource_id, version")) {
    books.resources.at(row["resource_id"].as<int64_t>()).entries.push_back(to_entry(row));
  }
  for (const auto& row :
       tx.exec("SELECT save_id, org_id, request_id, state, open_count,"
               " CASE WHEN row_number() OVER (ORDER BY created_at DESC) <= 500"
               " THEN vapisync.save_status(org_id, request_id) ->> 'state' ELSE state END"
               " FROM vapisync.saves")) {
    books.saves.emplace(row[0].c_str(), Save{row[1].c_str(), row[2].c_str(), row[3].c_str(),
                                             row[4].as<int64_t>(), row[5].c_str()});
  }
  for (const auto& row : tx.exec("SELECT object FROM vapisync.leftovers")) {
    books.leftovers.insert(row[0].c_str());
  }
  return books;
}

std::vector<Object> read_objects(test::SandboxProcess& sandbox) {
  std::vector<Object> objects;
  const auto state = sandbox.state();
  for (const auto& account : json::find(state, "accounts")->GetArray()) {
    for (const auto& stored : json::find(account, "assistants")->GetArray()) {
      Object object;
      object.id = json::text_or(stored, "id", "");
      object.account = json::text_or(account, "orgId", "");
      object.owner = owner_of(stored);
      object.document.CopyFrom(stored, object.document.GetAllocator());
      objects.push_back(std::move(object));
    }
  }
  return objects;
}

void Journal::read(test::SandboxProcess& sandbox) {
  const auto journal = sandbox.journal(seen_);
  if (json::find(journal, "first")->GetUint64() > seen_ + 1) {
    throw std::runtime_error("the sandbox's journal has forgotten what was not read yet");
  }
  for (const auto& line : json::find(journal, "entries")->GetArray()) {
    seen_ = json::find(line, "seq")->GetUint64();
    if (json::text_or(line, "method", "") != "GET") calls_.push_back(to_call(line));
  }
}

}  // namespace vapisync::chaos
