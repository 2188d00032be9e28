#include "db/engine_rows.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <rapidjson/reader.h>
#include <stdexcept>

#include "base/json.hpp"
#include "base/json_writer.hpp"

namespace vapisync::db {
namespace {

using json::Writer;

std::string_view view(const pqxx::field& field) {
  return {field.c_str(), field.size()};
}

/// Of null: empty.
std::string text(const auto& row, const char* column) {
  return std::string(view(row[column]));
}

/// Gathers the items of an array of texts, without a document in between.
struct Texts : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Texts> {
  bool String(const char* text, rapidjson::SizeType size, bool) {
    items.emplace_back(text, size);
    return true;
  }
  std::vector<std::string> items;
};

std::vector<std::string> texts(const pqxx::field& field) {
  if (field.is_null()) return {};
  Texts texts;
  std::string source(view(field));  // its texts are unescaped where they stand
  rapidjson::InsituStringStream in(source.data());
  rapidjson::Reader().Parse<rapidjson::kParseInsituFlag>(in, texts);
  return std::move(texts.items);
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

void member(Writer& writer, std::string_view name, std::string_view value) {
  writer.Key(name);
  writer.String(value);
}

/// Empty means null: the columns know no empty text.
void member_or_null(Writer& writer, std::string_view name, std::string_view value) {
  if (!value.empty()) member(writer, name, value);
}

void member(Writer& writer, std::string_view name, int64_t value) {
  writer.Key(name);
  writer.Int64(value);
}

void member(Writer& writer, std::string_view name, bool value) {
  writer.Key(name);
  writer.Bool(value);
}

void member(Writer& writer, std::string_view name, const std::vector<std::string>& values) {
  writer.Key(name);
  writer.StartArray();
  for (const auto& value : values) writer.String(value);
  writer.EndArray();
}

void write_ids(Writer& writer, std::string_view name, const std::vector<int64_t>& ids) {
  writer.Key(name);
  writer.StartArray();
  for (const int64_t id : ids) writer.Int64(id);
  writer.EndArray();
}

void write_error(Writer& writer, const Report& report) {
  const Error& error = *report.error;
  writer.Key("error");
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
  writer.Key("leftovers");
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
  member(writer, "delay_ms", int64_t{report.delay.count()});
  member(writer, "ms", int64_t{report.took.count()});
  if (report.error) write_error(writer, report);
  if (!report.warnings.empty()) {
    writer.Key("warnings");
    writer.Raw(report.warnings);
  }
  if (!report.leftovers.empty()) write_leftovers(writer, report.leftovers);
  writer.EndObject();
}

}  // namespace

Columns::Columns(const pqxx::result& result) {
  for (pqxx::row_size_type i = 0; i < result.columns(); ++i) {
    names_.emplace_back(result.column_name(i));
  }
}

pqxx::row_size_type Columns::operator[](std::string_view name) const {
  auto found = names_.begin() + expected_;
  if (found == names_.end() || *found != name) found = std::ranges::find(names_, name);
  if (found == names_.end()) throw std::out_of_range("no column " + std::string(name));
  const auto number = static_cast<pqxx::row_size_type>(found - names_.begin());
  expected_ = number + 1;
  return number;
}

ReadyOrg ready_org_from_row(const Row& row) {
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

/// In the order of facts.sql.
void add_facts(Claim& claim, const Row& row) {
  claim.kind = text(row, "kind");
  claim.key = text(row, "key");
  claim.version = row["desired_version"].as<int64_t>();
  claim.live_version = row["live_version"].as<int64_t>();
  claim.generation = row["generation"].as<int64_t>();
  claim.remote.id = text(row, "remote_id");
  claim.remote.account_id = text(row, "account_id");
  claim.remote.marker = text(row, "marker");
  claim.remote.live_hash = text(row, "live_hash");
  claim.remote.sent_keys = texts(row["sent_keys"]);
  claim.blocked = row["blocked"].as<bool>();
  claim.credential_id = row["credential_id"].as<int64_t>();
  claim.created_after = text(row, "created_after");
  claim.age = Milliseconds{row["age_ms"].as<int64_t>()};
  claim.op = view(row["op"]) == "delete" ? core::Op::remove : core::Op::upsert;
  claim.payload = text(row, "payload");
  claim.request_id = text(row, "request_id");
  claim.live_payload = text(row, "live_payload");
  claim.open_keys = texts(row["open_keys"]);
  claim.references = references(row["refs"]);
  const auto blocked = row["referrers_blocked"];
  if (!blocked.is_null()) {
    claim.referrers = blocked.as<bool>() ? core::Others::hopeless : core::Others::waiting;
  }
  claim.open = row["open"].as<bool>();
  claim.open_age = Milliseconds{row["open_age_ms"].as<int64_t>()};
  const auto restored = row["restored_ms"];
  if (restored.is_null()) return;
  const Milliseconds restored_age{restored.as<int64_t>()};
  claim.open_age = claim.open ? std::min(claim.open_age, restored_age) : restored_age;
  claim.open = true;
}

std::string reports_to_json(const std::vector<const Report*>& reports) {
  constexpr size_t report_bytes_usual = 1024;
  std::string out;
  out.reserve(reports.size() * report_bytes_usual);
  Writer writer(out);
  writer.StartArray();
  for (const Report* report : reports) write_report(writer, *report);
  writer.EndArray();
  return out;
}

std::string late_writes_to_json(const std::vector<const Report*>& reports) {
  std::string out;
  Writer writer(out);
  writer.StartArray();
  for (const Report* report : reports) {
    writer.StartObject();
    member(writer, "resource_id", report->claim->resource_id);
    member(writer, "kind", std::string_view(report->claim->kind));
    member_or_null(writer, "remote_id", report->remote.id);
    member_or_null(writer, "account_id", report->remote.account_id);
    member(writer, "wrote_keys", report->wrote_keys);
    member_or_null(writer, "wrote_marker", report->wrote_marker);
    writer.EndObject();
  }
  writer.EndArray();
  return out;
}

std::string objects_to_json(const std::vector<MarkedObject>& objects) {
  std::string out;
  Writer writer(out);
  writer.StartArray();
  for (const auto& object : objects) {
    writer.StartObject();
    member(writer, "account_id", std::string_view(object.account_id));
    member(writer, "remote_id", std::string_view(object.remote_id));
    member(writer, "resource_id", object.resource_id);
    writer.EndObject();
  }
  writer.EndArray();
  return out;
}

std::string report_to_json(const Report& report) {
  std::string out;
  Writer writer(out);
  write_report(writer, report);
  return out;
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
