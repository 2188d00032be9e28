// docs/configuration.md must name exactly the keys there are, with what the table says of them.
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

#include "config/config.hpp"

namespace vapisync::config {
namespace {

// Heading `### section.key` -> the text below it, up to the next heading.
std::map<std::string, std::string> settings_in_docs() {
  std::ifstream file(VAPISYNC_SOURCE_DIR "/docs/configuration.md");
  std::map<std::string, std::string> out;
  std::string* current = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("### ")) {
      current = &out[line.substr(4)];
    } else if (line.starts_with("#")) {
      current = nullptr;
    } else if (current != nullptr) {
      *current += line + "\n";
    }
  }
  return out;
}

std::string opening(const KeyInfo& key) {
  const std::string fallback = key.fallback.empty() ? "not set" : "`" + key.fallback + "`";
  return "\n" + std::string(key.purpose) + "\n\nDefault: " + fallback +
         "  \nAllowed: " + key.allowed + "  \nVariable: `" + key.variable + "`\n";
}

TEST(ConfigDocs, DescribeExactlyTheKeysThereAre) {
  auto settings = settings_in_docs();
  for (const auto& key : reference()) {
    const auto found = settings.find(key.name);
    if (found == settings.end()) {
      ADD_FAILURE() << "docs/configuration.md has no heading '### " << key.name << "'";
      continue;
    }
    EXPECT_TRUE(found->second.starts_with(opening(key)))
        << key.name << " must open with" << opening(key) << "but opens with" << found->second;
    settings.erase(found);
  }
  for (const auto& [name, text] : settings) ADD_FAILURE() << "there is no key " << name;
}

}  // namespace
}  // namespace vapisync::config
