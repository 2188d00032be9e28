#include "sandbox/validate.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vapisync::sandbox {
namespace {

using schema::Field;
using schema::Shape;
using schema::Type;

class Validator {
 public:
  void check_object(const Shape& shape, const json::Value& object, const std::string& prefix);
  void check_change(const Shape& shape, const json::Value& object, std::string_view tag);
  std::vector<std::string> take() { return std::move(complaints_); }

 private:
  void check_unknown(const Shape& shape, const schema::Variant* variant, const json::Value& object,
                     const std::string& prefix);
  void check_fields(schema::Fields fields, const json::Value& object, const std::string& prefix);
  void check_field(const Field& field, const json::Value& value, const std::string& prefix);
  void check_items(const Field& field, const json::Value& value, const std::string& prefix);
  void check_nested(const Field& field, const json::Value& value, const std::string& prefix,
                    const std::string& name);
  void complain(std::string sentence) {
    if (complaints_.size() < complaints_max) complaints_.push_back(std::move(sentence));
  }

  std::vector<std::string> complaints_;
  const json::Value* change_{nullptr};  ///< lacks what stays as it is
};

bool has(schema::Fields fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(),
                     [name](const Field& field) { return field.name == name; });
}

const schema::Variant* find_variant(const Shape& shape, std::string_view tag) {
  const auto it = std::find_if(shape.variants.begin(), shape.variants.end(),
                               [tag](const schema::Variant& v) { return v.tag == tag; });
  return it == shape.variants.end() ? nullptr : &*it;
}

std::string one_of(const Shape& shape) {
  std::vector<std::string_view> tags;
  for (const auto& variant : shape.variants) tags.push_back(variant.tag);
  return fmt::format("{}", fmt::join(tags, ", "));
}

size_t characters(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool contains(schema::Words words, const json::Value& value) {
  return value.IsString() &&
         std::find(words.begin(), words.end(), json::text(value)) != words.end();
}

/// What is wrong with a value that is neither a list nor an object with a shape; empty if nothing.
std::string scalar_fault(const Field& field, const json::Value& value) {
  switch (field.type) {
    case Type::text: {
      if (!value.IsString()) return "must be a string";
      const auto length = static_cast<double>(characters(json::text(value)));
      if (length > field.max) {
        return fmt::format("must be shorter than or equal to {} characters", field.max);
      }
      if (length < field.min) {
        return fmt::format("must be longer than or equal to {} characters", field.min);
      }
      return {};
    }
    case Type::number:
      if (!value.IsNumber()) return "must be a number conforming to the specified constraints";
      if (value.GetDouble() > field.max)
        return fmt::format("must not be greater than {}", field.max);
      if (value.GetDouble() < field.min) return fmt::format("must not be less than {}", field.min);
      return {};
    case Type::flag: return value.IsBool() ? "" : "must be a boolean value";
    case Type::free_object: return value.IsObject() ? "" : "must be an object";
    case Type::word:
      if (contains(field.words, value)) return {};
      return fmt::format("must be one of the following values: {}", fmt::join(field.words, ", "));
    case Type::anything:
    case Type::object: return {};
  }
  return {};
}

void Validator::check_object(const Shape& shape, const json::Value& object,
                             const std::string& prefix) {
  const schema::Variant* variant = nullptr;
  if (!shape.tag.empty()) {
    variant = find_variant(shape, json::text_or(object, shape.tag, {}));
    if (variant == nullptr) {
      complain(fmt::format("{}{} must be one of the following values: {}", prefix, shape.tag,
                           one_of(shape)));
      return;
    }
  }
  check_unknown(shape, variant, object, prefix);
  check_fields(shape.common, object, prefix);
  if (variant != nullptr) check_fields(variant->fields, object, prefix);
}

void Validator::check_change(const Shape& shape, const json::Value& object, std::string_view tag) {
  change_ = &object;
  const schema::Variant* variant = nullptr;
  if (!shape.tag.empty()) {
    variant = find_variant(shape, tag);
    const json::Value* given = json::find(object, shape.tag);
    if (given != nullptr && (!given->IsString() || json::text(*given) != tag)) {
      complain(fmt::format("{} must be one of the following values: {}", shape.tag, tag));
    }
  }
  check_unknown(shape, variant, object, "");
  check_fields(shape.common, object, "");
  if (variant != nullptr) check_fields(variant->fields, object, "");
}

void Validator::check_unknown(const Shape& shape, const schema::Variant* variant,
                              const json::Value& object, const std::string& prefix) {
  for (const auto& member : object.GetObject()) {
    const std::string_view name = json::text(member.name);
    const bool known = has(shape.common, name) || (!shape.tag.empty() && name == shape.tag) ||
                       (variant != nullptr && has(variant->fields, name));
    if (!known) complain(fmt::format("{}property {} should not exist", prefix, name));
  }
}

void Validator::check_fields(schema::Fields fields, const json::Value& object,
                             const std::string& prefix) {
  static const json::Value absent;
  for (const auto& field : fields) {
    const json::Value* value = json::find(object, field.name);
    const bool is_null = value == nullptr || value->IsNull();
    const bool may_lack = !field.is_required || (value == nullptr && &object == change_);
    if (is_null && may_lack) continue;
    if (is_null && field.is_nullable && value != nullptr) continue;
    check_field(field, value == nullptr ? absent : *value, prefix);
  }
}

void Validator::check_field(const Field& field, const json::Value& value,
                            const std::string& prefix) {
  if (field.is_list) {
    check_items(field, value, prefix);
  } else if (field.type == Type::object) {
    check_nested(field, value, prefix, std::string(field.name));
  } else if (const std::string fault = scalar_fault(field, value); !fault.empty()) {
    complain(fmt::format("{}{} {}", prefix, field.name, fault));
  }
}

void Validator::check_items(const Field& field, const json::Value& value,
                            const std::string& prefix) {
  if (!value.IsArray()) {
    complain(fmt::format("{}{} must be an array", prefix, field.name));
    return;
  }
  if (field.type == Type::object) {
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      check_nested(field, value[i], prefix, fmt::format("{}.{}", field.name, i));
    }
    return;
  }
  for (const auto& item : value.GetArray()) {
    const std::string fault = scalar_fault(field, item);
    if (fault.empty()) continue;
    complain(fmt::format("{}each value in {} {}", prefix, field.name, fault));
    return;
  }
}

void Validator::check_nested(const Field& field, const json::Value& value,
                             const std::string& prefix, const std::string& name) {
  if (contains(field.words, value)) return;
  if (value.IsObject()) {
    check_object(*field.shape, value, fmt::format("{}{}.", prefix, name));
  } else {
    complain(
        fmt::format("{}nested property {} must be either object or array", prefix, field.name));
  }
}

}  // namespace

std::vector<std::string> validate(const Shape& shape, const json::Value& body) {
  Validator validator;
  validator.check_object(shape, body, "");
  return validator.take();
}

std::vector<std::string> validate_change(const Shape& shape, const json::Value& body,
                                         std::string_view tag) {
  Validator validator;
  validator.check_change(shape, body, tag);
  return validator.take();
}

}  // namespace vapisync::sandbox
