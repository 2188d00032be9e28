#pragma once
// The one line that every claim ends with.
#include "db/engine_store.hpp"

namespace vapisync::sync {

void log_report(const db::Report& report, const db::Receipt& receipt);

}  // namespace vapisync::sync
