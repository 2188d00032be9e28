#pragma once
// A connection string with patience limits: whoever does not set them waits for a machine that is
// gone until TCP gives up, which takes a quarter of an hour.
#include "base/secret.hpp"

namespace vapisync::db {

/// Adds connect and TCP timeouts where `url` does not set them itself.
Secret with_timeouts(const Secret& url);

}  // namespace vapisync::db
