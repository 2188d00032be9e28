#include "sandbox/object_reader.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace vapisync::sandbox {

ObjectReader::ObjectReader(const json::Value& object, std::string path, std::optional<Error>& error)
    : object_(object), path_(std::move(path)), error_(error) {
  if (!object_.IsObject()) fail({}, "must be an object");
}

std::string ObjectReader::path_to(std::string_view key) const {
  if (key.empty()) return path_;
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void ObjectReader::fail(std::string_view key, std::string message) {
  if (error_) return;
  const std::string path = path_to(key);
  message = fmt::format("{} {}", path, message);
  error_ = make_error(Verdict::invalid, "bad_fault_plan", std::move(message), path);
}

const json::Value* ObjectReader::value(std::string_view key) {
  seen_.emplace_back(key);
  return json::find(object_, key);
}

std::string ObjectReader::text(std::string_view key, std::string_view fallback) {
  const json::Value* found = value(key);
  if (found == nullptr) return std::string(fallback);
  if (found->IsString()) return std::string(json::text(*found));
  fail(key, "must be a string");
  return std::string(fallback);
}

int64_t ObjectReader::integer(std::string_view key, int64_t fallback, int64_t min, int64_t max) {
  const json::Value* found = value(key);
  if (found == nullptr) return fallback;
  if (found->IsInt64() && found->GetInt64() >= min && found->GetInt64() <= max) {
    return found->GetInt64();
  }
  fail(key, fmt::format("must be a whole number from {} to {}", min, max));
  return fallback;
}

double ObjectReader::fraction(std::string_view key, double fallback) {
  const json::Value* found = value(key);
  if (found == nullptr) return fallback;
  if (found->IsNumber() && found->GetDouble() >= 0 && found->GetDouble() <= 1) {
    return found->GetDouble();
  }
  fail(key, "must be a number from 0 to 1");
  return fallback;
}

bool ObjectReader::flag(std::string_view key, bool fallback) {
  const json::Value* found = value(key);
  if (found == nullptr) return fallback;
  if (found->IsBool()) return found->GetBool();
  fail(key, "must be true or false");
  return fallback;
}

void ObjectReader::finish() {
  if (!object_.IsObject()) return;
  for (const auto& member : object_.GetObject()) {
    const std::string_view name = json::text(member.name);
    if (std::find(seen_.begin(), seen_.end(), name) == seen_.end()) fail(name, "is not known");
  }
}

}  // namespace vapisync::sandbox
