#include "db/engine_settle.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

#include "base/json.hpp"
#include "base/log.hpp"
#include "db/engine_confirm.hpp"
#include "db/engine_rows.hpp"
#include "db/pqxx_errors.hpp"

namespace vapisync::db {
namespace {

constexpr std::string_view owned_by_other = "owned_by_other";
constexpr Milliseconds unstorable_delay{60'000};

void log_rollback(const Claim& claim, int undone, int stuck) {
  const auto note = [&claim](log::Level level, std::string_view event, int saves) {
    log::write(level, event,
               {{"org", claim.org_id},
                {"resource", claim.kind + "/" + claim.key},
                {"version", claim.version},
                {"request_id", claim.request_id},
                {"saves", saves}});
  };
  if (undone > 0) note(log::Level::warning, "save.rolling_back", undone);
  // Vapi keeps a part of what it refused, and nobody but a person can change that.
  if (stuck > 0) note(log::Level::error, "save.not_undone", stuck);
}

/// `settle` leaves to `reject` the refused versions with saves in them that are to be rolled back.
struct Settled {
  Receipt receipt;
  bool to_reject{false};
};

std::vector<Settled> settle_most(Connection& connection, const std::vector<const Report*>& reports,
                                 const PostgresStoreOptions& options) {
  std::map<std::pair<int64_t, int64_t>, Settled> by_claim;
  const auto rows = connection.call("settle", reports_to_json(reports), options.daemon_id,
                                    options.late_window.count());
  const Columns columns(rows);
  for (const auto& line : rows) {
    const Row row{line, columns};
    if (row["resource_id"].is_null()) {
      count_ended(options.metrics, row);
      continue;
    }
    by_claim[{row["resource_id"].as<int64_t>(), row["token"].as<int64_t>()}] = {
        receipt_from_row(row), row["status"].as<std::string>() == "reject"};
  }
  std::vector<Settled> settled;
  settled.reserve(reports.size());
  for (const Report* report : reports) {
    settled.push_back(by_claim[{report->claim->resource_id, report->claim->token}]);
  }
  return settled;
}

/// What a rejection ended beside its own version, and what it keeps from being undone.
void count_rejection(const StoreMetrics& metrics, const Row& row) {
  std::string tier = "other";
  const auto ended = json::parse(row["ended"].as<std::string>("[]"));
  if (!ended || !ended->IsArray()) return;
  for (const auto& item : ended->GetArray()) {
    tier = json::text_or(item, "tier", tier);
    metrics.saves_ended(tier, std::string(json::text_or(item, "state", "")),
                        static_cast<int>(json::int_or(item, "saves", 0)));
  }
  metrics.saves_ended(tier, "not_undone", row["stuck"].as<int>());
}

Receipt reject_blocking(Connection& connection, const Report& report,
                        const PostgresStoreOptions& options) {
  const auto rows = connection.call("reject", report_to_json(report), options.daemon_id,
                                    options.late_window.count());
  const Columns columns(rows);
  const auto line = rows.front();
  const Row row{line, columns};
  log_rollback(*report.claim, row["undone"].as<int>(), row["stuck"].as<int>());
  count_rejection(options.metrics, row);
  return receipt_from_row(row);
}

/// Two resources can't hold one remote object: the one that came later is refused it.
Report refuse_object(const Report& report) {
  Report refused = report;
  refused.outcome = Outcome::rejected;
  refused.error = make_error(
      Verdict::reject, std::string(owned_by_other),
      fmt::format("the remote object {} already belongs to another resource", report.remote.id));
  refused.phase = "record";
  refused.remote = report.claim->remote;
  return refused;
}

/// What the database will not store must not hold up everything else: the row is tried again later,
/// with no more than the reason. What was sent may stand there, so it is looked for first.
Report defer_unstorable(const Report& report, const Error& why) {
  Report deferred = report;
  deferred.outcome = Outcome::retry;
  deferred.remote = report.claim->remote;
  deferred.warnings.clear();
  deferred.leftovers.clear();
  deferred.live_refs.clear();
  deferred.opens = report.wrote;
  deferred.clears_open = false;
  deferred.delay = unstorable_delay;
  deferred.error = make_error(Verdict::fatal, why.code, "the outcome could not be stored");
  deferred.phase = "record";
  return deferred;
}

/// What the database will not store is put off, so that it holds up nothing else.
Receipt settle_deferred(Connection& connection, const Report& report,
                        const pqxx::sql_error& unstorable, const PostgresStoreOptions& options) {
  const Error why = to_error(unstorable);
  log::failure(log::Level::error, "db.outcome_refused", why);
  const Report deferred = defer_unstorable(report, why);
  Receipt receipt = settle_most(connection, {&deferred}, options).front().receipt;
  receipt.deferred = true;
  return receipt;
}

/// The others of its batch are settled by now, so a failure here must not make them fail, too.
Receipt try_reject(Connection& connection, const Report& report,
                   const PostgresStoreOptions& options) {
  try {
    return reject_blocking(connection, report, options);
  } catch (const pqxx::unique_violation&) {
    return reject_blocking(connection, refuse_object(report), options);
  } catch (const pqxx::sql_error& refused) {
    if (!connection.is_open()) throw;
    if (to_error(refused).verdict == Verdict::retry) return {Recorded::held};
    return settle_deferred(connection, report, refused, options);
  }
}

/// What was sent under a claim that is lost can't be recorded as an outcome, but must be known.
void note_late_writes(Connection& connection, const std::vector<const Report*>& reports,
                      const PostgresStoreOptions& options, std::vector<Receipt>& receipts) {
  std::vector<const Report*> late;
  for (size_t i = 0; i < reports.size(); ++i) {
    if (receipts[i].recorded != Recorded::lost || !reports[i]->wrote) continue;
    late.push_back(reports[i]);
    receipts[i].recorded = Recorded::held;  // unless the statement says that it is noted
  }
  if (late.empty()) return;
  std::set<int64_t> noted;
  for (const auto& row :
       connection.call("late_writes", late_writes_to_json(late), options.late_window.count())) {
    noted.insert(row["resource_id"].as<int64_t>());
  }
  for (const Report* report : late) {
    if (!noted.contains(report->claim->resource_id)) continue;
    const auto place = std::find(reports.begin(), reports.end(), report) - reports.begin();
    receipts[static_cast<size_t>(place)].recorded = Recorded::lost;
  }
}

std::vector<int64_t> ids_where(const std::vector<const Report*>& reports,
                               const std::vector<Receipt>& receipts, auto applies) {
  std::vector<int64_t> ids;
  for (size_t i = 0; i < reports.size(); ++i) {
    if (applies(*reports[i], receipts[i])) ids.push_back(reports[i]->claim->resource_id);
  }
  return ids;
}

/// After the outcomes are there for all to see: what waits sees them at its next claim.
void wake_neighbours(Connection& connection, const std::vector<const Report*>& reports,
                     const std::vector<Receipt>& receipts) {
  const auto ids = ids_where(reports, receipts,
                             [](const Report&, const Receipt& receipt) { return receipt.linked; });
  if (ids.empty()) return;
  const auto converged = ids_where(reports, receipts, [](const Report& report, const Receipt& r) {
    return r.linked && report.outcome == Outcome::confirmed;
  });
  connection.call("wake_neighbours", array_literal(ids), array_literal(converged));
}

/// A count that a crash may lose: it only tells an accident from somebody's deed. What may be the
/// work of our own delete, whose answer was lost, does not count.
void note_gone(Connection& connection, const std::vector<const Report*>& reports,
               std::vector<Receipt>& receipts) {
  const auto ids = ids_where(reports, receipts, [](const Report& report, const Receipt& receipt) {
    return receipt.recorded == Recorded::done && report.error &&
           report.error->code == "remote_gone" && !report.claim->open;
  });
  if (ids.empty()) return;
  for (const auto& row : connection.call("note_gone", array_literal(ids))) {
    const auto credential = row["credential_id"].as<int64_t>();
    for (size_t i = 0; i < reports.size(); ++i) {
      receipts[i].paused = receipts[i].paused || reports[i]->claim->credential_id == credential;
    }
    log::error("credential.mass_404",
               {{"credential", credential},
                {"objects", row["objects"].as<int>()},
                {"message", "so many objects are gone from Vapi that nothing more is sent"},
                {"hint",
                 "see who deleted them, or which account the key belongs to; then run `vapisync "
                 "workspace resume ORG`, and what is wanted is made anew"}});
  }
}

/// The outcomes are there already: what fails here is made up for later, and must not make anybody
/// believe that they were lost.
void follow_up(Connection& connection, const std::vector<const Report*>& reports,
               std::vector<Receipt>& receipts) try {
  wake_neighbours(connection, reports, receipts);
  note_gone(connection, reports, receipts);
} catch (const std::exception& thrown) {
  log::failure(log::Level::warning, "db.follow_up_failed", to_error(thrown),
               "what waits looks again within half a minute");
}

std::vector<Receipt> settle_blocking(Connection& connection,
                                     const std::vector<const Report*>& reports,
                                     const PostgresStoreOptions& options) {
  const auto settled = settle_most(connection, reports, options);
  std::vector<Receipt> receipts;
  receipts.reserve(reports.size());
  for (size_t i = 0; i < reports.size(); ++i) {
    receipts.push_back(settled[i].to_reject ? try_reject(connection, *reports[i], options)
                                            : settled[i].receipt);
  }
  note_late_writes(connection, reports, options, receipts);
  follow_up(connection, reports, receipts);
  return receipts;
}

std::vector<Receipt> settle_one_by_one(Connection& connection,
                                       const std::vector<const Report*>& reports,
                                       const PostgresStoreOptions& options) {
  std::vector<Receipt> receipts;
  for (const Report* report : reports) {
    try {
      receipts.push_back(settle_blocking(connection, {report}, options).front());
    } catch (const pqxx::unique_violation&) {
      const Report refused = refuse_object(*report);
      receipts.push_back(settle_blocking(connection, {&refused}, options).front());
    } catch (const pqxx::sql_error& unstorable) {
      if (!connection.is_open()) throw;
      receipts.push_back(settle_deferred(connection, *report, unstorable, options));
    }
  }
  return receipts;
}

std::vector<Receipt> settle_batch(Connection& connection, const std::vector<const Report*>& reports,
                                  const PostgresStoreOptions& options) {
  try {
    return settle_blocking(connection, reports, options);
  } catch (const pqxx::sql_error& refused) {
    // One bad row must not fail its whole batch for ever.
    if (to_error(refused).verdict == Verdict::retry || !connection.is_open()) throw;
    return settle_one_by_one(connection, reports, options);
  }
}

}  // namespace

std::vector<Receipt> settle_reports(Connection& connection, const std::vector<Report>& reports,
                                    const PostgresStoreOptions& options) {
  std::vector<const Report*> batch;
  batch.reserve(reports.size());
  for (const auto& report : reports) batch.push_back(&report);
  auto receipts = confirm_plain(connection, batch, options);
  follow_up(connection, batch, receipts);

  const auto is_done = [](const Receipt& receipt) { return receipt.recorded == Recorded::done; };
  std::vector<const Report*> rest;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (!is_done(receipts[i])) rest.push_back(batch[i]);
  }
  if (rest.empty()) return receipts;
  // When this fails the others are reported again, too: then their claims are lost, and they are
  // looked at once more.
  const auto settled = settle_batch(connection, rest, options);
  auto next = settled.begin();
  for (auto& receipt : receipts) {
    if (!is_done(receipt)) receipt = *next++;
  }
  return receipts;
}

}  // namespace vapisync::db
