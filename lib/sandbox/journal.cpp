#include "sandbox/journal.hpp"

#include <algorithm>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "sandbox/utf8.hpp"

namespace vapisync::sandbox {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void write(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_text(Writer& writer, std::string_view key, std::string_view text) {
  write(writer, key);
  if (text.empty()) {
    writer.Null();
  } else {
    write(writer, text);
  }
}

void write_number(Writer& writer, std::string_view key, uint64_t number) {
  write(writer, key);
  writer.Uint64(number);
}

void write_list(Writer& writer, std::string_view key, const std::vector<std::string>& items) {
  write(writer, key);
  writer.StartArray();
  for (const auto& item : items) write(writer, item);
  writer.EndArray();
}

std::string_view to_string(ChangeOp op) {
  switch (op) {
    case ChangeOp::created: return "created";
    case ChangeOp::updated: return "updated";
    case ChangeOp::deleted: return "deleted";
    case ChangeOp::none: break;
  }
  return "none";
}

void write_change(Writer& writer, const JournalEntry& entry) {
  write(writer, "changed");
  if (entry.change.op == ChangeOp::none) {
    writer.Null();
    return;
  }
  writer.StartObject();
  write_text(writer, "op", to_string(entry.change.op));
  write_text(writer, "kind", entry.kind);
  write_text(writer, "id", entry.object_id);
  write_list(writer, "fields", entry.change.fields);
  write_number(writer, "version", entry.change.version);
  writer.EndObject();
}

void write_status(Writer& writer, const JournalEntry& entry) {
  write(writer, "status");
  switch (entry.ending) {
    case Ending::answered: writer.Int(entry.status); break;
    case Ending::cut: write(writer, "cut"); break;
    case Ending::late: write(writer, "late"); break;
  }
  write(writer, "executed");
  if (entry.executed == 0) {
    writer.Null();
  } else {
    writer.Int(entry.executed);
  }
}

void write_entry(Writer& writer, const JournalEntry& entry) {
  writer.StartObject();
  write_number(writer, "seq", entry.seq);
  write_text(writer, "at", to_iso(entry.at));
  write_text(writer, "method", entry.method);
  write_text(writer, "path", entry.target);
  write_text(writer, "account", entry.org_id);
  write_status(writer, entry);
  write_list(writer, "faults", entry.faults);
  if (entry.late_of) write_number(writer, "lateOf", *entry.late_of);
  write_text(writer, "object", entry.object_id);
  write_change(writer, entry);
  write_text(writer, "bodySha256", entry.body_sha256);
  write_text(writer, "body", entry.body);
  if (entry.is_cut) write_number(writer, "bodyBytes", entry.body_bytes);
  writer.EndObject();
}

size_t weight(const JournalEntry& entry) {
  constexpr size_t fixed = sizeof(JournalEntry) + 256;  // and the small strings in it
  return fixed + entry.body.size() + entry.target.size();
}

}  // namespace

uint64_t Journal::add(JournalEntry entry, std::string_view body) {
  entry.seq = next_++;
  if (!body.empty()) entry.body_sha256 = json::sha256_hex(body);
  entry.body = valid_utf8(beginning(body, limits_.body_bytes_max));
  entry.method = valid_utf8(entry.method);
  entry.target = valid_utf8(entry.target);
  entry.object_id = valid_utf8(entry.object_id);
  entry.body_bytes = body.size();
  entry.is_cut = body.size() > limits_.body_bytes_max;
  bytes_ += weight(entry);
  entries_.push_back(std::move(entry));
  while (entries_.size() > 1 &&
         (entries_.size() > limits_.entries_max || bytes_ > limits_.bytes_max)) {
    bytes_ -= weight(entries_.front());
    entries_.pop_front();
    ++dropped_;
  }
  return next_ - 1;
}

std::string Journal::to_json(uint64_t since) const {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  write_number(writer, "first", entries_.empty() ? next_ : entries_.front().seq);
  write_number(writer, "next", next_);
  write_number(writer, "dropped", dropped_);
  write(writer, "entries");
  writer.StartArray();
  const auto begin =
      std::partition_point(entries_.begin(), entries_.end(),
                           [since](const JournalEntry& entry) { return entry.seq <= since; });
  for (auto it = begin; it != entries_.end(); ++it) write_entry(writer, *it);
  writer.EndArray();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace vapisync::sandbox
