#include <algorithm>
#include <fmt/format.h>

#include "doctor.hpp"
#include "http/address.hpp"
#include "secret_files.hpp"
#include "vapi/key_identity.hpp"
#include "workspace/vapi_key.hpp"

namespace vapisync::doctor {
namespace {

/// A refused key still shows that Vapi answers.
bool reachable(const Result<std::string>& answer) {
  return answer || answer.error().verdict == Verdict::auth;
}

void look_at_address(const std::string& base_url, Findings& findings) {
  const auto origin = http::parse_origin(base_url);
  if (!origin) return problem(findings, "vapi", origin.error().message, "correct vapi.base_url");
  const auto answer = workspace::try_key(base_url, Secret("vapisync-doctor"));
  if (!reachable(answer)) {
    return problem(findings, "vapi", answer.error().message,
                   "saves wait until it answers; look at network, DNS, proxy and certificates");
  }
  ok(findings, "vapi", base_url + " answers");
  const bool local =
      origin->host == "localhost" || origin->host == "::1" || origin->host.starts_with("127.");
  if (origin->tls) {
    ok(findings, "tls", "the certificate is valid for " + origin->host);
  } else if (local) {
    ok(findings, "tls", "none, which is fine within this machine");
  } else {
    problem(findings, "tls", "keys and prompts go over the network in plain text",
            "use an https:// URL in vapi.base_url");
  }
}

void report_key(const std::string& name, const Result<std::string>& answer, Findings& findings) {
  if (answer) {
    return ok(findings, "key",
              name + (answer->empty() ? ": valid" : ": valid, account " + *answer));
  }
  const bool refused = answer.error().verdict == Verdict::auth;
  problem(findings, "key", fmt::format("{}: {}", name, answer.error().message),
          refused ? "give a valid one: vapi.platform_key_file, or vapisync workspace set ORG"
                  : "Vapi was not asked, or did not answer; see above");
}

void look_at_platform_key(const config::Config& config, const std::vector<StoredKey>& stored,
                          Findings& findings) {
  const auto key = commands::read_platform_key(config);
  if (!key) return problem(findings, "key", key.error().message, "correct the file");
  if (key->empty()) return;
  report_key("the platform's", workspace::try_key(config.vapi.base_url, *key), findings);
  const auto row = std::ranges::find_if(stored, &StoredKey::platform);
  const auto fingerprint = vapi::key_fingerprint(*key, config.vapi.base_url);
  if (row != stored.end() && row->fingerprint != fingerprint) {
    warn(findings, "key", "the daemon was started with another platform key than the file holds",
         "restart it, if the file is right");
  }
}

void look_at_stored_key(const StoredKey& stored, const std::optional<Sealer>& sealer,
                        Findings& findings) {
  const std::string name =
      fmt::format("credential {} ({})", stored.credential_id, stored.fingerprint.substr(0, 8));
  if (!sealer) {
    return problem(findings, "key", name + " is sealed, and secrets.key_file is not set",
                   "set secrets.key_file to the file that it was sealed with");
  }
  const auto key = sealer->open(stored.sealed, vapi::credential_context(stored.fingerprint));
  if (!key) {
    return problem(findings, "key", fmt::format("{}: {}", name, key.error().message),
                   "put the key it was sealed with into secrets.key_file, or set a new one");
  }
  report_key(name, workspace::try_key(stored.base_url, *key), findings);
}

}  // namespace

void look_at_vapi(const config::Config& config, const std::vector<StoredKey>& stored,
                  Findings& findings) {
  look_at_address(config.vapi.base_url, findings);
  if (findings.back().health == Health::problem && findings.back().check == "vapi") return;
  look_at_platform_key(config, stored, findings);
  const auto sealer = commands::read_sealer(config);
  if (!sealer) return problem(findings, "key", sealer.error().message, "see vapisync keygen");
  for (const auto& key : stored) {
    if (!key.platform) look_at_stored_key(key, *sealer, findings);
  }
  if (config.vapi.platform_key_file.empty() && stored.empty()) {
    warn(findings, "key", "there is no Vapi key, so nothing can be sent",
         "set vapi.platform_key_file, or run vapisync workspace set ORG");
  }
}

}  // namespace vapisync::doctor
