#pragma once
// Postgres connection strings, both as URI and as keywords (`host=... password=...`).
#include <string>

#include "base/secret.hpp"

namespace vapisync::config {

/// Whether libpq understands the text. It does not connect.
bool is_database_url(const Secret& url);

/// The text for people: `postgres://user:[redacted]@host/db`, `host=db password=[redacted]`.
/// Rather redacts too much than too little; a text it cannot read is redacted whole.
std::string redact_url(const Secret& url);

}  // namespace vapisync::config
