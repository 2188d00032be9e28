#pragma once
// Between the engine's structs and the rows and parameters of sql/engine.
#include <string>
#include <vector>

#include <pqxx/pqxx>

#include "db/engine_store.hpp"

namespace vapisync::db {

/// What claim.sql tells of a claim; facts.sql tells the rest.
ReadyOrg ready_org_from_row(const pqxx::row& row);
CredentialRow credential_from_row(const pqxx::row& row);
LeftoverClaim leftover_from_row(const pqxx::row& row);
Claim claim_from_row(const pqxx::row& row);
void add_facts(Claim& claim, const pqxx::row& row);

std::string reports_to_json(const std::vector<const Report*>& reports);
std::string objects_to_json(const std::vector<MarkedObject>& objects);
std::string report_to_json(const Report& report);
/// From the columns `status` and `due_now`.
Receipt receipt_from_row(const pqxx::row& row);

std::string array_literal(const std::vector<int64_t>& values);
std::string array_literal(const std::vector<int>& values);
std::string array_literal(const std::vector<std::string>& values);

}  // namespace vapisync::db
