#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "config/config.hpp"
#include "config/keys.hpp"
#include "config/value.hpp"

namespace vapisync::config {
namespace {

constexpr size_t comment_column = 44;

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// A JSON string is also a TOML string.
std::string quote(std::string_view text) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  put(writer, text);
  return buffer.GetString();
}

std::string_view origin(const Config& config, const Key& key) {
  const auto found = config.origins.find(key.full());
  return found == config.origins.end() ? std::string_view("default") : found->second;
}

void put_value(Writer& writer, const Key& key, const std::string& text) {
  if (text.empty()) {
    writer.Null();
  } else if (is_text(key)) {
    put(writer, text);
  } else {
    writer.RawValue(text.data(), text.size(), rapidjson::kNumberType);
  }
}

}  // namespace

std::string show(const Config& config) {
  std::string out;
  std::string_view section;
  for (const auto& key : keys()) {
    if (key.section != section) {
      section = key.section;
      out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", section);
    }
    const std::string text = to_text(key, config);
    const std::string value = is_text(key) ? quote(text) : text;
    out += text.empty() ? fmt::format("# {} is not set\n", key.name)
                        : fmt::format("{:<{}}  # {}\n", fmt::format("{} = {}", key.name, value),
                                      comment_column, origin(config, key));
  }
  return out;
}

std::string show_json(const Config& config) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  std::string_view section;
  writer.StartObject();
  for (const auto& key : keys()) {
    if (key.section != section) {
      if (!section.empty()) writer.EndObject();
      section = key.section;
      put(writer, section);
      writer.StartObject();
    }
    put(writer, key.name);
    writer.StartObject();
    writer.Key("value");
    put_value(writer, key, to_text(key, config));
    writer.Key("origin");
    put(writer, origin(config, key));
    writer.EndObject();
  }
  if (!section.empty()) writer.EndObject();
  writer.EndObject();
  return buffer.GetString();
}

std::vector<KeyInfo> reference() {
  const Config defaults;
  std::vector<KeyInfo> out;
  for (const auto& key : keys()) {
    out.push_back({key.full(), key.variable(), to_text(key, defaults), allowed(key), key.purpose});
  }
  return out;
}

}  // namespace vapisync::config
