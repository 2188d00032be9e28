// docs/sandbox.md must not promise faults that the sandbox does not take.
#include <fstream>

#include "unit/sandbox/world.hpp"

namespace vapisync::sandbox {
namespace {

/// The blocks between ```json and ```.
std::vector<std::string> examples() {
  std::ifstream file(VAPISYNC_SOURCE_DIR "/docs/sandbox.md");
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "```json") {
      inside = true;
      blocks.emplace_back();
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

TEST(SandboxDocs, EveryFaultExampleIsAValidPlan) {
  const auto blocks = examples();
  ASSERT_GE(blocks.size(), 10U);
  for (const auto& block : blocks) {
    const auto rules = parse_faults(block);
    EXPECT_TRUE(rules) << block << rules.error().message;
  }
}

}  // namespace
}  // namespace vapisync::sandbox
