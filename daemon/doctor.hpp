#pragma once
// What doctor looks at: each check says how it is, and what to do if it is not well.
#include <string>
#include <vector>

#include <pqxx/connection>

#include "config/config.hpp"

namespace vapisync::doctor {

enum class Health { ok, warning, problem };

struct Finding {
  std::string check;
  Health health{Health::ok};
  std::string what;
  std::string advice;  ///< empty when all is well
};
using Findings = std::vector<Finding>;

inline void ok(Findings& findings, std::string check, std::string what) {
  findings.push_back({std::move(check), Health::ok, std::move(what), {}});
}
inline void warn(Findings& findings, std::string check, std::string what, std::string advice) {
  findings.push_back({std::move(check), Health::warning, std::move(what), std::move(advice)});
}
inline void problem(Findings& findings, std::string check, std::string what, std::string advice) {
  findings.push_back({std::move(check), Health::problem, std::move(what), std::move(advice)});
}

/// Who may read the files that hold secrets.
void look_at_files(const config::Config& config, Findings& findings);

/// A key that is stored in the database.
struct StoredKey {
  int64_t credential_id{0};
  bool platform{false};
  std::string fingerprint;
  std::string base_url;
  std::string sealed;
};
/// Everything about the database; returns the keys that are stored there, the paused ones first.
std::vector<StoredKey> look_at_database(const config::Config& config, Findings& findings);

/// Vapi with every key, `stored` ones and the platform's.
void look_at_vapi(const config::Config& config, const std::vector<StoredKey>& stored,
                  Findings& findings);

}  // namespace vapisync::doctor
