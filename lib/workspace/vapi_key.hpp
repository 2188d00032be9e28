#pragma once
// Giving an org a Vapi key: tested live, sealed, and stored in one transaction that starts
// everything of the org again. Blocking; for commands, not for the daemon's loop.
#include <string>

#include <pqxx/connection>

#include "base/error.hpp"
#include "base/seal.hpp"
#include "base/secret.hpp"

namespace vapisync::workspace {

struct KeyChange {
  int64_t credential_id{0};
  std::string account_id;     ///< empty: the account is empty, so nobody could say
  bool other_account{false};  ///< what the org had in Vapi was left behind
};

struct NewKey {
  std::string org_id;
  std::string base_url;
  Secret key;
};

/// The account that answers to a key; empty when the account is. Fails with `auth` when Vapi
/// refuses the key.
Result<std::string> try_key(const std::string& base_url, const Secret& key);

/// Tests the key with Vapi: with a GET of one of the org's objects if it has any, which tells
/// whether the account is the same. Fails with `auth` when Vapi refuses the key.
Result<KeyChange> set_vapi_key(pqxx::connection& connection, const Sealer& sealer, NewKey change);

/// Lets the org use the platform key. Fails with `invalid` when there is none yet.
Result<int64_t> grant_platform(pqxx::connection& connection, const std::string& org_id);

/// Goes on with a key that was paused until an operator looked. False: it was not paused.
Result<bool> resume(pqxx::connection& connection, const std::string& org_id);

struct Shown {
  bool known{false};
  int64_t credential_id{0};  ///< 0: none, saves wait
  bool platform{false};
  std::string base_url;
  std::string account_id;
  std::string fingerprint;  ///< the beginning of it: tells keys apart
  std::string state;
  std::string paused_reason;
  int64_t resources{0};
  int64_t unconverged{0};
};
Result<Shown> show(pqxx::connection& connection, const std::string& org_id);

}  // namespace vapisync::workspace
