#include "db/engine_rows.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "base/json.hpp"

namespace vapisync::db {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

std::string text(const auto& row, const char* column) {
  return row[column].template as<std::string>("");
}

std::string_view view(const pqxx::field& field) {
  return {field.c_str(), field.size()};
}

std::vector<std::string> texts(const pqxx::field& field) {
  std::vector<std::string> out;
  if (field.is_null()) return out;
  const auto parsed = json::parse(view(field));
  if (!parsed || !parsed->IsArray()) return out;
  for (const auto& item : parsed->GetArray()) out.emplace_back(json::text(item));
  return out;
}

std::string_view to_word(Outcome outcome) {
  switch (outcome) {
    case Outcome::confirmed: return "confirmed";
    case Outcome::rejected: return "rejected";
    case Outcome::retry: return "retry";
    case Outcome::released: return "released";
    case Outcome::forgotten: return "forgotten";
    case Outcome::looked: return "looked";
  }
  return "retry";
}

void key(Writer& writer, std::string_view name) {
  writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}

void member(Writer& writer, std::string_view name, std::string_view value) {
  key(writer, name);
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

/// Empty means null: the columns know no empty text.
void member_or_null(Writer& writer, std::string_view name, std::string_view value) {
  if (!value.empty()) member(writer, name, value);
}

void member(Writer& writer, std::string_view name, int64_t value) {
  key(writer, name);
  writer.Int64(value);
}

void member(Writer& writer, std::string_view name, bool value) {
  key(writer, name);
  writer.Bool(value);
}

void member(Writer& writer, std::string_view name, const std::vector<std::string>& values) {
  key(writer, name);
  writer.StartArray();
  for (const auto& value : values) {
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
  writer.EndArray();
}

void write_ids(Writer& writer, std::string_view name, const std::vector<int64_t>& ids) {
  key(writer, name);
  writer.StartArray();
  for (const int64_t id : ids) writer.Int64(id);
  writer.EndArray();
}

void write_error(Writer& writer, const Report& report) {
  const Error& error = *report.error;
  key(writer, "error");
  writer.StartObject();
  member(writer, "code", std::string_view(error.code));
  member(writer, "message", std::string_view(error.message));
  member_or_null(writer, "path", error.path);
  member(writer, "phase", std::string_view(report.phase));
  if (error.status != 0) member(writer, "status", int64_t{error.status});
  member_or_null(writer, "request_id", report.claim->request_id);
  writer.EndObject();
}

void write_leftovers(Writer& writer, const std::vector<Leftover>& leftovers) {
  key(writer, "leftovers");
  writer.StartArray();
  for (const auto& leftover : leftovers) {
    writer.StartObject();
    member(writer, "account_id", std::string_view(leftover.account_id));
    member_or_null(writer, "remote_id", leftover.remote_id);
    member_or_null(writer, "marker", leftover.marker);
    member(writer, "reason", std::string_view(leftover.reason));
    writer.EndObject();
  }
  writer.EndArray();
}

void write_report(Writer& writer, const Report& report) {
  writer.StartObject();
  member(writer, "resource_id", report.claim->resource_id);
  member(writer, "kind", std::string_view(report.claim->kind));
  member(writer, "token", report.claim->token);
  member(writer, "version", report.claim->version);
  member(writer, "generation", report.claim->generation);
  member(writer, "result", to_word(report.outcome));
  member_or_null(writer, "remote_id", report.remote.id);
  member_or_null(writer, "account_id", report.remote.account_id);
  member_or_null(writer, "marker", report.remote.marker);
  member_or_null(writer, "live_hash", report.remote.live_hash);
  member(writer, "sent_keys", report.remote.sent_keys);
  member(writer, "opens", report.opens);
  member(writer, "clear_open", report.clears_open);
  member(writer, "burn", report.burn);
  if (report.waits) member(writer, "waits", true);
  if (!report.live_refs.empty()) write_ids(writer, "live_refs", report.live_refs);
  member(writer, "wrote_keys", report.wrote_keys);
  member_or_null(writer, "wrote_marker", report.wrote_marker);
  member(writer, "delay_ms", int64_t{report.delay.count()});
  member(writer, "ms", int64_t{report.took.count()});
  if (report.error) write_error(writer, report);
  if (!report.warnings.empty()) {
    key(writer, "warnings");
    writer.RawValue(report.warnings.data(), report.warnings.size(), rapidjson::kArrayType);
  }
  if (!report.leftovers.empty()) write_leftovers(writer, report.leftovers);
  writer.EndObject();
}

}  // namespace

Columns::Columns(const pqxx::result& result) {
  for (pqxx::row_size_type i = 0; i < result.columns(); ++i) {
    numbers_.emplace(result.column_name(i), i);
  }
}

ReadyOrg ready_org_from_row(const pqxx::row& row) {
  ReadyOrg org;
  org.org_id = row["org_id"].as<std::string>();
  org.credential_id = row["credential_id"].as<int64_t>(0);
  org.fingerprint = text(row, "fingerprint");
  org.rest = Milliseconds{row["rest_ms"].as<int64_t>()};
  org.paused = row["org_paused"].as<bool>();
  org.key_paused = row["key_paused"].as<bool>();
  return org;
}

CredentialRow credential_from_row(const pqxx::row& row) {
  CredentialRow credential;
  credential.id = row["credential_id"].as<int64_t>();
  credential.platform = row["platform"].as<bool>();
  credential.fingerprint = text(row, "fingerprint");
  credential.base_url = text(row, "base_url");
  credential.key_sealed = text(row, "key_sealed");
  credential.account_id = text(row, "account_id");
  credential.marks_by_name = row["marks_by_name"].as<bool>();
  return credential;
}

LeftoverClaim leftover_from_row(const pqxx::row& row) {
  LeftoverClaim leftover;
  leftover.account_id = text(row, "account_id");
  leftover.kind = text(row, "kind");
  leftover.object = text(row, "object");
  leftover.remote_id = text(row, "remote_id");
  leftover.attempt = text(row, "attempt");
  leftover.adopted = text(row, "adopted");
  leftover.kept = text(row, "kept");
  leftover.kept_id = text(row, "kept_id");
  leftover.resource_id = row["resource_id"].as<int64_t>();
  leftover.credential_id = row["credential_id"].as<int64_t>();
  leftover.fingerprint = text(row, "fingerprint");
  leftover.created_after = text(row, "created_after");
  return leftover;
}

Claim claim_from_row(const Row& row) {
  Claim claim;
  claim.resource_id = row["resource_id"].as<int64_t>();
  claim.org_id = row["org_id"].as<std::string>();
  claim.token = row["token"].as<int64_t>();
  claim.attempts = row["attempts"].as<int>();
  claim.open = row["open"].as<bool>();
  return claim;
}

core::Others to_others(std::string_view state) {
  if (state == "ready") return core::Others::ready;
  return state == "waiting" ? core::Others::waiting : core::Others::hopeless;
}

std::vector<Reference> references(const pqxx::field& field) {
  std::vector<Reference> out;
  if (field.is_null()) return out;
  const auto parsed = json::parse(view(field));
  if (!parsed || !parsed->IsArray()) return out;
  for (const auto& item : parsed->GetArray()) {
    out.push_back({item["resource_id"].GetInt64(), std::string(json::text_or(item, "name", "")),
                   std::string(json::text_or(item, "remote_id", "")),
                   to_others(json::text_or(item, "state", ""))});
  }
  return out;
}

void add_facts(Claim& claim, const Row& row) {
  claim.credential_id = row["credential_id"].as<int64_t>();
  claim.kind = row["kind"].as<std::string>();
  claim.key = row["key"].as<std::string>();
  claim.version = row["desired_version"].as<int64_t>();
  claim.live_version = row["live_version"].as<int64_t>();
  claim.generation = row["generation"].as<int64_t>();
  claim.request_id = text(row, "request_id");
  claim.op = view(row["op"]) == "delete" ? core::Op::remove : core::Op::upsert;
  claim.payload = text(row, "payload");
  claim.live_payload = text(row, "live_payload");
  claim.remote.id = text(row, "remote_id");
  claim.remote.account_id = text(row, "account_id");
  claim.remote.marker = text(row, "marker");
  claim.remote.live_hash = text(row, "live_hash");
  claim.remote.sent_keys = texts(row["sent_keys"]);
  claim.references = references(row["refs"]);
  const auto blocked = row["referrers_blocked"];
  if (!blocked.is_null()) {
    claim.referrers = blocked.as<bool>() ? core::Others::hopeless : core::Others::waiting;
  }
  claim.open_keys = texts(row["open_keys"]);
  claim.open = row["open"].as<bool>();
  claim.open_age = Milliseconds{row["open_age_ms"].as<int64_t>()};
  claim.created_after = text(row, "created_after");
  claim.blocked = row["blocked"].as<bool>();
  claim.age = Milliseconds{row["age_ms"].as<int64_t>()};
  if (row["restored_ms"].is_null()) return;
  const Milliseconds restored_age{row["restored_ms"].as<int64_t>()};
  claim.open_age = claim.open ? std::min(claim.open_age, restored_age) : restored_age;
  claim.open = true;
}

std::string reports_to_json(const std::vector<const Report*>& reports) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const Report* report : reports) write_report(writer, *report);
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string objects_to_json(const std::vector<MarkedObject>& objects) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const auto& object : objects) {
    writer.StartObject();
    member(writer, "account_id", std::string_view(object.account_id));
    member(writer, "remote_id", std::string_view(object.remote_id));
    member(writer, "resource_id", object.resource_id);
    writer.EndObject();
  }
  writer.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string report_to_json(const Report& report) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  write_report(writer, report);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string daemon_report_to_json(const DaemonReport& report) {
  return fmt::format(
      R"({{"syncedPerSecond":{:.1f},"inFlight":{},"breakersOpen":{},"breakersHalfOpen":{}}})",
      report.synced_per_s, report.in_flight, report.breakers_open, report.breakers_half_open);
}

Receipt receipt_from_row(const Row& row) {
  const auto status = view(row["status"]);
  Receipt receipt;
  receipt.recorded = status == "recorded" ? Recorded::done
                     : status == "held"   ? Recorded::held
                                          : Recorded::lost;
  receipt.due_now = row["due_now"].as<bool>();
  receipt.linked = row["linked"].as<bool>();
  return receipt;
}

void count_ended(const StoreMetrics& metrics, const Row& row) {
  const int number = row["number"].as<int>();
  const auto ended = row["ended"].as<std::string>();
  if (ended == "never_sent") return metrics.superseded(number);
  metrics.saves_ended(row["tier"].as<std::string>(), ended, number);
}

std::string array_literal(const std::vector<int64_t>& values) {
  return fmt::format("{{{}}}", fmt::join(values, ","));
}

std::string array_literal(const std::vector<int>& values) {
  return fmt::format("{{{}}}", fmt::join(values, ","));
}

std::string array_literal(const std::vector<std::string>& values) {
  std::string out = "{";
  for (const auto& value : values) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

}  // namespace vapisync::db
