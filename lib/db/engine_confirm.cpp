#include "db/engine_confirm.hpp"

#include <map>
#include <string>
#include <utility>

#include "db/engine_rows.hpp"
#include "db/pqxx_errors.hpp"

namespace vapisync::db {
namespace {

bool same_object(const Remote& a, const Remote& b) {
  return a.id == b.id && a.account_id == b.account_id && a.marker == b.marker;
}

bool is_plain(const Report& report) {
  const Claim& claim = *report.claim;
  return report.outcome == Outcome::confirmed && claim.op == core::Op::upsert &&
         !report.remote.id.empty() && same_object(report.remote, claim.remote) && !claim.open &&
         !report.opens && !report.error && report.warnings.empty() && report.leftovers.empty() &&
         claim.references.empty() && report.live_refs.empty();
}

/// Empty: they are what the database has.
std::string changed_keys(const Report& report) {
  if (report.remote.sent_keys == report.claim->remote.sent_keys) return {};
  return array_literal(report.remote.sent_keys);
}

pqxx::result call(Connection& connection, const std::vector<const Report*>& plain) {
  std::vector<int64_t> ids;
  std::vector<int64_t> tokens;
  std::vector<int64_t> versions;
  std::vector<int64_t> generations;
  std::vector<std::string> hashes;
  std::vector<std::string> keys;
  for (const Report* report : plain) {
    ids.push_back(report->claim->resource_id);
    tokens.push_back(report->claim->token);
    versions.push_back(report->claim->version);
    generations.push_back(report->claim->generation);
    hashes.push_back(report->remote.live_hash);
    keys.push_back(changed_keys(*report));
  }
  return connection.call("confirm", array_literal(ids), array_literal(tokens),
                         array_literal(versions), array_literal(generations), array_literal(hashes),
                         array_literal(keys));
}

using ClaimId = std::pair<int64_t, int64_t>;  ///< resource and token

std::map<ClaimId, Receipt> confirm(Connection& connection, const std::vector<const Report*>& plain,
                                   const StoreMetrics& metrics) {
  std::map<ClaimId, Receipt> receipts;
  const auto rows = call(connection, plain);
  const Columns columns(rows);
  for (const auto& line : rows) {
    const Row row{line, columns};
    if (row["resource_id"].is_null()) {
      count_ended(metrics, row);
      continue;
    }
    Receipt& receipt = receipts[{row["resource_id"].as<int64_t>(), row["token"].as<int64_t>()}];
    receipt.recorded = Recorded::done;
    receipt.linked = row["linked"].as<bool>();
  }
  return receipts;
}

}  // namespace

std::vector<Receipt> confirm_plain(Connection& connection,
                                   const std::vector<const Report*>& reports,
                                   const PostgresStoreOptions& options) {
  std::vector<Receipt> receipts(reports.size());
  std::vector<const Report*> plain;
  for (const Report* report : reports) {
    if (is_plain(*report)) plain.push_back(report);
  }
  if (plain.empty()) return receipts;
  try {
    const auto confirmed = confirm(connection, plain, options.metrics);
    for (size_t i = 0; i < reports.size(); ++i) {
      const Claim& claim = *reports[i]->claim;
      const auto found = confirmed.find({claim.resource_id, claim.token});
      if (found != confirmed.end()) receipts[i] = found->second;
    }
  } catch (const pqxx::sql_error& refused) {
    // `settle` finds the one that can't be stored.
    if (to_error(refused).verdict == Verdict::retry || !connection.is_open()) throw;
  }
  return receipts;
}

}  // namespace vapisync::db
