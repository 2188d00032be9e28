#include "doctor.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.hpp"
#include "operator_commands.hpp"

namespace vapisync::commands {
namespace {

using doctor::Finding;
using doctor::Health;

std::string_view to_word(Health health) {
  switch (health) {
    case Health::ok: return "ok";
    case Health::warning: return "warning";
    case Health::problem: return "problem";
  }
  return "problem";
}

std::string to_json(const doctor::Findings& findings, bool healthy) {
  json::Document document(rapidjson::kObjectType);
  auto& allocator = document.GetAllocator();
  json::Value lines(rapidjson::kArrayType);
  for (const auto& finding : findings) {
    json::Value line(rapidjson::kObjectType);
    json::set(line, "check", json::make_text(finding.check, allocator), allocator);
    json::set(line, "health", json::make_text(to_word(finding.health), allocator), allocator);
    json::set(line, "what", json::make_text(finding.what, allocator), allocator);
    if (!finding.advice.empty()) {
      json::set(line, "advice", json::make_text(finding.advice, allocator), allocator);
    }
    lines.PushBack(line, allocator);
  }
  json::set(document, "healthy", json::Value(healthy), allocator);
  json::set(document, "findings", std::move(lines), allocator);
  return json::to_text(document);
}

void print(const doctor::Findings& findings) {
  for (const auto& finding : findings) {
    fmt::print("{:<8} {:<12} {}\n", to_word(finding.health), finding.check, finding.what);
    if (!finding.advice.empty()) fmt::print("{:<21} -> {}\n", "", finding.advice);
  }
}

}  // namespace

int doctor(const config::Config& config, const NoOptions&, Output output) {
  doctor::Findings findings;
  doctor::look_at_files(config, findings);
  const auto stored = doctor::look_at_database(config, findings);
  doctor::look_at_vapi(config, stored, findings);
  const bool healthy = std::ranges::none_of(
      findings, [](const Finding& finding) { return finding.health == Health::problem; });
  if (output.json) {
    fmt::print("{}\n", to_json(findings, healthy));
  } else {
    print(findings);
  }
  return healthy ? exit_ok : exit_differs;
}

}  // namespace vapisync::commands
