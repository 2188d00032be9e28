#include "base/json.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <vector>

namespace vapisync::json {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

bool deeper_than(std::string_view text, int limit) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limit) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

void write_number(const Value& value, Writer& writer) {
  if (value.IsInt64()) {
    writer.Int64(value.GetInt64());
  } else if (value.IsUint64()) {
    writer.Uint64(value.GetUint64());
  } else {
    const double number = value.GetDouble();
    // 2^53 bounds the integers that a double holds exactly.
    if (std::trunc(number) == number && std::abs(number) < 9007199254740992.0) {
      writer.Int64(static_cast<int64_t>(number));
    } else {
      writer.Double(number);
    }
  }
}

void write_canonical(const Value& value, Writer& writer) {
  switch (value.GetType()) {
    case rapidjson::kObjectType: {
      std::vector<const Value::Member*> members;
      members.reserve(value.MemberCount());
      for (const auto& member : value.GetObject()) members.push_back(&member);
      std::sort(members.begin(), members.end(),
                [](const auto* a, const auto* b) { return text(a->name) < text(b->name); });
      writer.StartObject();
      for (const auto* member : members) {
        writer.Key(member->name.GetString(), member->name.GetStringLength());
        write_canonical(member->value, writer);
      }
      writer.EndObject();
      break;
    }
    case rapidjson::kArrayType:
      writer.StartArray();
      for (const auto& item : value.GetArray()) write_canonical(item, writer);
      writer.EndArray();
      break;
    case rapidjson::kNumberType: write_number(value, writer); break;
    default: value.Accept(writer);
  }
}

}  // namespace

Result<Document> parse(std::string_view text) {
  if (deeper_than(text, depth_max)) {
    return make_error(Verdict::invalid, "json_too_deep",
                      fmt::format("JSON is nested deeper than {} levels", depth_max));
  }
  Document document;
  document.Parse<rapidjson::kParseFullPrecisionFlag | rapidjson::kParseValidateEncodingFlag>(
      text.data(), text.size());
  if (document.HasParseError()) {
    return make_error(Verdict::invalid, "json_syntax",
                      fmt::format("not valid JSON at byte {}: {}", document.GetErrorOffset(),
                                  rapidjson::GetParseError_En(document.GetParseError())));
  }
  return document;
}

std::string to_text(const Value& value) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string canonical(const Value& value) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  write_canonical(value, writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string hash(const Value& value) {
  return sha256_hex(canonical(value));
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  std::string hex;
  hex.reserve(size * 2);
  constexpr std::string_view digits = "0123456789abcdef";
  for (unsigned int i = 0; i < size; ++i) {
    hex.push_back(digits[digest[i] >> 4U]);
    hex.push_back(digits[digest[i] & 15U]);
  }
  return hex;
}

const Value* find(const Value& object, std::string_view key) {
  if (!object.IsObject()) return nullptr;
  const Value name(rapidjson::StringRef(key.data(), static_cast<rapidjson::SizeType>(key.size())));
  const auto it = object.FindMember(name);
  return it == object.MemberEnd() ? nullptr : &it->value;
}

std::string_view text(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

std::string_view text_or(const Value& object, std::string_view key, std::string_view fallback) {
  const Value* found = find(object, key);
  return found != nullptr && found->IsString() ? text(*found) : fallback;
}

int64_t int_or(const Value& object, std::string_view key, int64_t fallback) {
  const Value* found = find(object, key);
  return found != nullptr && found->IsInt64() ? found->GetInt64() : fallback;
}

std::optional<std::string> text_member(const Value& object, std::string_view key) {
  const Value* found = find(object, key);
  if (found == nullptr || !found->IsString()) return std::nullopt;
  return std::string(text(*found));
}

bool equal(const Value& a, const Value& b) {
  return a == b;
}

Value make_text(std::string_view text, Document::AllocatorType& allocator) {
  return Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
}

void set(Value& object, std::string_view key, Value value, Document::AllocatorType& allocator) {
  erase(object, key);
  object.AddMember(make_text(key, allocator), value, allocator);
}

void erase(Value& object, std::string_view key) {
  const Value name(rapidjson::StringRef(key.data(), static_cast<rapidjson::SizeType>(key.size())));
  const auto it = object.FindMember(name);
  if (it != object.MemberEnd()) object.EraseMember(it);
}

}  // namespace vapisync::json
