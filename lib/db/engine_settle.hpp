#pragma once
// Recording what became of claims: many in one statement, refused saves one by one, and what the
// database will not store put off.
#include <vector>

#include <pqxx/pqxx>

#include "db/engine_store.hpp"

namespace vapisync::db {

/// One receipt for each report, in order. Throws what libpqxx throws when nothing can be recorded.
std::vector<Receipt> settle_reports(Connection& connection, const std::vector<Report>& reports,
                                    const PostgresStoreOptions& options);

}  // namespace vapisync::db
