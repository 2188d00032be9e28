#pragma once
// What a request body may contain, as plain constexpr tables: one row for each property. The tables
// (schema_*.cpp) are data; `validate` is the only code that walks them.
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace vapisync::sandbox::schema {

enum class Type : uint8_t {
  anything,
  text,         ///< `min` and `max` bound its length in characters
  number,       ///< `min` and `max` bound its value
  flag,         ///< true or false
  word,         ///< one of `words`
  free_object,  ///< an object whose content nobody looks at
  object,       ///< an object of `shape`, or (when there are any) one of `words`
};

struct Shape;
using Words = std::span<const std::string_view>;
inline constexpr double unbounded = std::numeric_limits<double>::infinity();

struct Field {
  std::string_view name;
  Type type{Type::anything};
  bool is_list{false};  ///< the row describes the items of an array
  bool is_required{false};
  bool is_nullable{false};
  double min{-unbounded};
  double max{unbounded};
  Words words{};
  const Shape* shape{nullptr};
};
using Fields = std::span<const Field>;

struct Variant {
  std::string_view tag;
  Fields fields;
};

/// An object. With a `tag` ("provider", "type") the value of that property picks a variant, whose
/// fields come on top of the common ones.
struct Shape {
  Fields common;
  std::string_view tag{};
  std::span<const Variant> variants{};
};

template <size_t N>
struct Literal {
  consteval Literal(
      const char (&text)[N]) {  // NOLINT: implicit, so that words<"a", "b"> reads well
    for (size_t i = 0; i < N; ++i) chars[i] = text[i];
  }
  char chars[N]{};
};
template <Literal... L>
inline constexpr std::array<std::string_view, sizeof...(L)> words{
    std::string_view(L.chars, sizeof(L.chars) - 1)...};

// The vocabulary of the tables.
constexpr Field anything(std::string_view name) {
  return {.name = name};
}
constexpr Field text(std::string_view name, double max = unbounded, double min = 0) {
  return {.name = name, .type = Type::text, .min = min, .max = max};
}
constexpr Field number(std::string_view name, double min = -unbounded, double max = unbounded) {
  return {.name = name, .type = Type::number, .min = min, .max = max};
}
constexpr Field flag(std::string_view name) {
  return {.name = name, .type = Type::flag};
}
constexpr Field word(std::string_view name, Words list) {
  return {.name = name, .type = Type::word, .words = list};
}
constexpr Field free_object(std::string_view name) {
  return {.name = name, .type = Type::free_object};
}
constexpr Field object(std::string_view name, const Shape& shape, Words instead = {}) {
  return {.name = name, .type = Type::object, .words = instead, .shape = &shape};
}
constexpr Field list(Field item) {
  item.is_list = true;
  return item;
}
constexpr Field required(Field field) {
  field.is_required = true;
  return field;
}
constexpr Field nullable(Field field) {
  field.is_nullable = true;
  return field;
}

extern const Shape assistant;
extern const Shape model;
extern const Shape voice;
extern const Shape transcriber;
extern const Shape tool;
extern const Shape message;
extern const Shape server;

}  // namespace vapisync::sandbox::schema
