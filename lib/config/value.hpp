#pragma once
// One value: from what a source holds into a member of Config, and back into text.
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "config/keys.hpp"

namespace vapisync::config {

/// As a source holds it; monostate is a kind no key takes (an array, a date, ...).
using Value = std::variant<std::monostate, int64_t, double, std::string>;

/// The text of a variable or flag, read as a number if the key is one.
Value parse_text(const Key& key, const std::string& text);

/// Sets the key's member, or says what is wrong with the value; a secret is not repeated.
std::optional<std::string> assign(Config& config, const Key& key, const Value& value);

/// `an integer from 2 to 64`
std::string allowed(const Key& key);

/// For people, redacted and without quotes; empty if not set.
std::string to_text(const Key& key, const Config& config);

/// Whether the key's value is written in quotes.
bool is_text(const Key& key);

}  // namespace vapisync::config
