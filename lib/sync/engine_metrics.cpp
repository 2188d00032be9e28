#include "sync/engine_metrics.hpp"

#include <string_view>

namespace vapisync::sync {
namespace {

using Family = Metrics::Family;

constexpr Family convergence{"vapisync_convergence_seconds",
                             "From the commit of a version to its confirmation."};
constexpr Family claims{"vapisync_claim_seconds", "How long the claim of a batch took."};
constexpr Family retries{"vapisync_retries_total", "Claims that ended without an outcome."};
constexpr Family repairs{"vapisync_repairs_total",
                         "Remote objects that were other than what was confirmed."};
constexpr Family ambiguous{"vapisync_ambiguous_creates_total",
                           "Creates of which nobody knows whether they happened."};
constexpr Family adoptions{"vapisync_adoptions_total",
                           "Remote objects that were found by their mark and taken over."};
constexpr Family normalised{"vapisync_normalised_total",
                            "Versions that Vapi stored with other values than were sent."};
constexpr Family lost{"vapisync_lost_claims_total",
                      "Claims that were another's when they were recorded."};
constexpr Family progress{"vapisync_last_progress_timestamp_seconds",
                          "When something was recorded, or nothing was left to do."};

constexpr std::string_view retry_names[] = {"throttled", "vapi",         "network",  "unreadable",
                                            "reference", "open_request", "database", "other"};
constexpr std::string_view repair_names[] = {"none", "late_write", "drift", "remote_gone",
                                             "other_account"};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

size_t index(auto value) {
  return static_cast<size_t>(value);
}

}  // namespace

RetryReason retry_reason(const db::Report& report) {
  if (report.waits) return RetryReason::reference;
  if (!report.error) return RetryReason::open_request;
  const Error& error = *report.error;
  if (report.phase == "record") return RetryReason::database;
  if (error.code == "unreadable_answer") return RetryReason::unreadable;
  if (error.status == 429) return RetryReason::throttled;
  if (error.status != 0) return RetryReason::vapi;
  return report.phase == "validate" ? RetryReason::other : RetryReason::network;
}

Repair repair_of(const db::Report& report) {
  using db::Outcome;
  const db::Claim& claim = *report.claim;
  if (report.outcome == Outcome::forgotten) {
    const bool moved = report.error && report.error->code == "other_account";
    return moved ? Repair::other_account : Repair::remote_gone;
  }
  if (!report.wrote || report.error) return Repair::none;
  if (report.outcome == Outcome::looked) return Repair::late_write;
  // Confirmed before, and yet it had to be sent.
  const bool was_live = claim.live_version == claim.version;
  if (report.outcome != Outcome::confirmed || !was_live) return Repair::none;
  return claim.open ? Repair::late_write : Repair::drift;
}

EngineMetrics::EngineMetrics(Metrics& metrics)
    : convergence_(metrics.histogram(convergence, {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
                                                   900, 3'600, 14'400, 86'400})),
      claims_(metrics.histogram(claims, {0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2, 10})),
      ambiguous_creates_(metrics.counter(ambiguous)),
      adoptions_(metrics.counter(adoptions)),
      normalised_(metrics.counter(normalised)),
      lost_claims_(metrics.counter(lost)),
      last_progress_(metrics.gauge(progress)) {
  for (size_t i = 0; i < retries_.size(); ++i) {
    retries_[i] = metrics.counter(retries, {{"reason", std::string(retry_names[i])}});
  }
  for (size_t i = index(Repair::none) + 1; i < repairs_.size(); ++i) {
    repairs_[i] = metrics.counter(repairs, {{"reason", std::string(repair_names[i])}});
  }
  progressed();
}

void EngineMetrics::count(const db::Report& report, const db::Receipt& receipt) const {
  using db::Outcome;
  progressed();
  const db::Claim& claim = *report.claim;
  const bool created = !report.wrote_marker.empty();
  if (created && report.error && report.error->verdict == Verdict::unknown) {
    ambiguous_creates_.add();
  }
  if (receipt.recorded == db::Recorded::lost) return lost_claims_.add();
  if (receipt.deferred) return retries_[index(RetryReason::database)].add();
  const bool has_new_object = !report.remote.id.empty() && report.remote.id != claim.remote.id;
  if (has_new_object && !created) adoptions_.add();
  repairs_[index(repair_of(report))].add();
  if (report.outcome == Outcome::retry) retries_[index(retry_reason(report))].add();
  if (report.outcome != Outcome::confirmed) return;
  if (claim.live_version == claim.version) return;  // only looked at again
  if (!report.warnings.empty()) normalised_.add();
  convergence_.observe(seconds(claim.age + report.took));
}

void EngineMetrics::claimed(Duration took) const {
  claims_.observe(seconds(took));
}

void EngineMetrics::progressed() const {
  last_progress_.set(seconds(wall_clock()));
}

}  // namespace vapisync::sync
