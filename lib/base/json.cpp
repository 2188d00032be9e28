#include "base/json.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <rapidjson/error/en.h>

#include <boost/container/small_vector.hpp>

#include "base/json_writer.hpp"

namespace vapisync::json {
namespace {

constexpr size_t text_bytes_usual = 2048;  ///< most documents need no more

/// Room for one text, which the next one finds again unless it has become large. A text of some
/// kilobytes is what the heap is slowest to give and to take back.
class Scratch {
 public:
  Scratch() { text().clear(); }
  ~Scratch() {
    if (text().capacity() > kept_bytes_max) std::string().swap(text());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  static std::string& text() {
    thread_local std::string kept;
    return kept;
  }

 private:
  static constexpr size_t kept_bytes_max = 64U << 10U;
};

/// A document that ends the parse where nesting grows too deep, and keeps no string of its source.
class Bounded : public Document {
 public:
  bool StartObject() { return ++depth_ <= depth_max && Document::StartObject(); }
  bool EndObject(rapidjson::SizeType members) {
    --depth_;
    return Document::EndObject(members);
  }
  bool StartArray() { return ++depth_ <= depth_max && Document::StartArray(); }
  bool EndArray(rapidjson::SizeType items) {
    --depth_;
    return Document::EndArray(items);
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return Document::String(text, size, true);
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) { return String(text, size, true); }

 private:
  int depth_{0};
};

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

/// Most texts are ASCII without control characters, and this is told at a glance: no way out early.
bool is_plain(std::string_view text) {
  unsigned char bits = 0;  // as narrow as what it gathers, for many to be looked at together
  for (const char c : text) bits |= is_control(c) ? 0x80U : static_cast<unsigned char>(c);
  return bits < 0x80;
}

/// The offset of the first byte that is not UTF-8 or that no JSON has, or the size. RapidJSON takes
/// some control characters for text, where it looks at 16 bytes at once.
size_t first_bad_byte(std::string_view text) {
  if (is_plain(text)) return text.size();
  struct {
    void Put(char) {}
  } nowhere;
  rapidjson::MemoryStream bytes(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> in(bytes);
  while (in.Tell() < text.size()) {
    const size_t at = in.Tell();
    if (is_control(text[at]) || !rapidjson::UTF8<>::Validate(in, nowhere)) return at;
  }
  return text.size();
}

Error syntax_error(size_t offset, const char* what) {
  return make_error(Verdict::invalid, "json_syntax",
                    fmt::format("not valid JSON at byte {}: {}", offset, what));
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
      boost::container::small_vector<const Value::Member*, 32> members;
      members.reserve(value.MemberCount());
      for (const auto& member : value.GetObject()) members.push_back(&member);
      std::sort(members.begin(), members.end(),
                [](const auto* a, const auto* b) { return text(a->name) < text(b->name); });
      writer.StartObject();
      for (const auto* member : members) {
        writer.Key(text(member->name));
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
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const size_t good = first_bad_byte(text);
  if (good < text.size()) return syntax_error(good, "not UTF-8, or a control character");
  const Scratch source;
  source.text() = text;  // texts are unescaped where they stand
  rapidjson::InsituStringStream in(source.text().data());
  rapidjson::Reader reader;
  Bounded document;
  constexpr unsigned flags = rapidjson::kParseInsituFlag | rapidjson::kParseFullPrecisionFlag;
  auto read = [&](Document&) { return !reader.Parse<flags>(in, document).IsError(); };
  document.Populate(read);
  if (!reader.HasParseError()) return std::move(document);
  if (reader.GetParseErrorCode() == rapidjson::kParseErrorTermination) {
    return make_error(Verdict::invalid, "json_too_deep",
                      fmt::format("JSON is nested deeper than {} levels", depth_max));
  }
  return syntax_error(reader.GetErrorOffset(),
                      rapidjson::GetParseError_En(reader.GetParseErrorCode()));
}

std::string to_text(const Value& value) {
  std::string out;
  out.reserve(text_bytes_usual);
  Writer writer(out);
  value.Accept(writer);
  return out;
}

std::string canonical(const Value& value) {
  std::string out;
  out.reserve(text_bytes_usual);
  Writer writer(out);
  write_canonical(value, writer);
  return out;
}

std::string hash(const Value& value) {
  const Scratch canonical;
  Writer writer(canonical.text());
  write_canonical(value, writer);
  return sha256_hex(canonical.text());
}

std::string sha256_hex(std::string_view bytes) {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // looks long
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, sha256, nullptr);
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
