#pragma once
// Between the engine's structs and the rows and parameters of sql/engine.
#include <string>
#include <string_view>
#include <vector>

#include <pqxx/pqxx>

#include "db/engine_store.hpp"

namespace vapisync::db {

/// The columns of a result by name. libpq searches for a name anew in each row; here it costs next
/// to nothing to ask for them in their own order.
class Columns {
 public:
  explicit Columns(const pqxx::result& result);
  /// Throws when there is no such column: then code and statement do not fit.
  pqxx::row_size_type operator[](std::string_view name) const;

 private:
  std::vector<std::string_view> names_;      ///< the texts are the result's
  mutable pqxx::row_size_type expected_{0};  ///< behind the one that was asked for last
};

struct Row {
  const pqxx::row& row;
  const Columns& columns;
  pqxx::field operator[](std::string_view name) const { return row[columns[name]]; }
};

/// What claim.sql tells of a claim; facts.sql tells the rest.
ReadyOrg ready_org_from_row(const Row& row);
CredentialRow credential_from_row(const pqxx::row& row);
LeftoverClaim leftover_from_row(const pqxx::row& row);
Claim claim_from_row(const Row& row);
void add_facts(Claim& claim, const Row& row);

std::string reports_to_json(const std::vector<const Report*>& reports);
/// What late_writes.sql must know of writes that were sent under claims that are lost.
std::string late_writes_to_json(const std::vector<const Report*>& reports);
std::string objects_to_json(const std::vector<MarkedObject>& objects);
std::string report_to_json(const Report& report);
std::string daemon_report_to_json(const DaemonReport& report);
/// From the columns `status` and `due_now`.
Receipt receipt_from_row(const Row& row);
/// A row of how many saves ended how, or how many versions were never sent.
void count_ended(const StoreMetrics& metrics, const Row& row);

std::string array_literal(const std::vector<int64_t>& values);
std::string array_literal(const std::vector<int>& values);
std::string array_literal(const std::vector<std::string>& values);

}  // namespace vapisync::db
