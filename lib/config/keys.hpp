#pragma once
// The table of keys: parsing, `show` and the reference are all driven by it. A new setting is a
// member of Config, with its default, and a row in keys.cpp.
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.hpp"

namespace vapisync::config {

/// The member a key sets; its type decides what is accepted and the unit of a time.
using Target = std::variant<Secret*, std::string*, int*, double*, std::chrono::milliseconds*,
                            std::chrono::seconds*, log::Level*, log::Format*, PlatformOrgs*>;

/// What a text must be.
enum class Text { none, http_url, address, path, postgres_url };

struct Key {
  std::string_view section;
  std::string_view name;
  Target (*target)(Config&);
  double min;
  double max;
  Text text;
  std::string_view purpose;

  [[nodiscard]] std::string full() const;      ///< section.name
  [[nodiscard]] std::string variable() const;  ///< VAPISYNC_SECTION_NAME
};

std::span<const Key> keys();

/// Null if there is no such key.
const Key* find_key(std::string_view full);
const Key* find_variable(std::string_view variable);
bool is_section(std::string_view section);

}  // namespace vapisync::config
