#include "sim/kinds.hpp"

#include <array>

#include "vapi/kinds.hpp"

namespace vapisync::sim {
namespace {

core::NamePlace file_name_place(const json::Value&) {
  return {"/name", 80};
}

constexpr core::Kind file{
    .name = "file", .collection = "/file", .name_place = file_name_place, .is_mutable = false};

constexpr sandbox::schema::Field file_fields[] = {
    sandbox::schema::required(sandbox::schema::text("name")),
    sandbox::schema::text("content"),
    sandbox::schema::number("pages", 1),
    sandbox::schema::list(sandbox::schema::text("parts")),
    sandbox::schema::free_object("metadata"),
};
constexpr sandbox::schema::Shape file_shape{file_fields};

}  // namespace

std::span<const core::Kind> kinds() {
  static const std::array<core::Kind, 2> all{*vapi::find_kind("assistant"), file};
  return all;
}

std::span<const sandbox::Kind> vapi_kinds() {
  static const std::array<sandbox::Kind, 2> all{
      *sandbox::find_kind("assistant"),
      sandbox::Kind{"file", "files", "File", &file_shape, nullptr, false}};
  return all;
}

}  // namespace vapisync::sim
