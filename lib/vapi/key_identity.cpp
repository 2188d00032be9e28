#include "vapi/key_identity.hpp"

#include "base/json.hpp"

namespace vapisync::vapi {

std::string key_fingerprint(const Secret& key, std::string_view base_url) {
  return json::sha256_hex(std::string(base_url) + "\n" + key.reveal()).substr(0, 32);
}

std::string credential_context(std::string_view fingerprint) {
  return "vapisync/credential/" + std::string(fingerprint);
}

}  // namespace vapisync::vapi
