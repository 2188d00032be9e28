#pragma once
// The short way to record what most reports say: Vapi has what was wanted, and nothing else
// changed.
#include <vector>

#include "db/connection.hpp"
#include "db/engine_store.hpp"

namespace vapisync::db {

/// Records such reports, all in one statement. One receipt for each report, in order; where it is
/// not `done` the report says more, or the database knows better: `settle` decides it. Throws what
/// libpqxx throws when nothing could be recorded.
std::vector<Receipt> confirm_plain(Connection& connection,
                                   const std::vector<const Report*>& reports,
                                   const PostgresStoreOptions& options);

}  // namespace vapisync::db
