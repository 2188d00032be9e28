#pragma once
// What a Vapi key is called where the key itself must not be seen.
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace vapisync::vapi {

/// Tells keys apart without telling them: the beginning of a SHA-256.
std::string key_fingerprint(const Secret& key, std::string_view base_url);

/// The context a key is sealed for (base/seal): it opens only in the row of this fingerprint.
std::string credential_context(std::string_view fingerprint);

}  // namespace vapisync::vapi
