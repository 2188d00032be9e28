#pragma once
// Checks a request body against a property table and complains in Vapi's own words.
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "sandbox/schema.hpp"

namespace vapisync::sandbox {

/// Complaints beyond this number are left out.
inline constexpr size_t complaints_max = 50;

/// The sentences of the 400 answer ("property x should not exist", "model.temperature must not be
/// greater than 2"); empty when the body, which must be an object, is fine. A null counts as
/// absent.
std::vector<std::string> validate(const schema::Shape& shape, const json::Value& body);

/// The same for a change of an object: its tag ("type") decides the variant and can't be changed,
/// and nothing is required.
std::vector<std::string> validate_change(const schema::Shape& shape, const json::Value& body,
                                         std::string_view tag);

}  // namespace vapisync::sandbox
