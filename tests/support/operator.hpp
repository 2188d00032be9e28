#pragma once
// An operator at the command line, beside a database, a sandbox and a daemon.
#include "support/stage.hpp"

namespace vapisync::test {

struct OperatorStage : Stage {
  /// What the operator types, with the settings of this stage.
  Ran run(std::vector<std::string> words) const {
    words.insert(words.begin(), VAPISYNC_BINARY);
    for (const auto& setting :
         {"database.url=" + database.url("app_daemon"), "vapi.base_url=" + sandbox.url(),
          "vapi.platform_key_file=" + key_file, std::string("vapi.platform_orgs=all")}) {
      words.emplace_back("--set");
      words.push_back(setting);
    }
    return run_program(words);
  }
  /// The same with --json; throws when it printed none.
  json::Document run_json(std::vector<std::string> words) const {
    words.emplace_back("--json");
    return json::parse(run(std::move(words)).out).value();
  }
  std::string entry_of(const std::string& request, const std::string& role) {
    return sql(
        "SELECT e.entry_id FROM vapisync.entries e JOIN vapisync.saves s USING (save_id)"
        " WHERE s.request_id = '" +
        request + "' AND e.key = '" + role + "' AND e.cause <> 'rollback'");
  }
  void hold(const std::string& request, const std::string& agents) {
    value(connection, save_agents_and_hold("acme", request, agents));
  }
  /// Vapi takes no voice of this name, in its own words.
  void refuse_voice(const std::string& voice) {
    sandbox.set_faults(
        R"([{"name":"voice","match":{"body":")" + voice +
        R"("},"answer":{"status":400,"body":{"statusCode":400,"error":"Bad Request",)"
        R"("message":["voice.voiceId must be one of the following values: Elliot, Kylie"]}}}])");
  }
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace vapisync::test
