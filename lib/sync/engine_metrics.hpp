#pragma once
// What the engine counts: everything about a claim is read off its report, once it is recorded. One
// that was made by default counts nowhere.
#include <array>

#include "base/metrics.hpp"
#include "db/engine_store.hpp"

namespace vapisync::sync {

/// Why a claim is tried again.
enum class RetryReason {
  throttled,     ///< 429
  vapi,          ///< 5xx and other answers of a Vapi in trouble
  network,       ///< no answer
  unreadable,    ///< an answer that says nothing
  reference,     ///< waits for what it refers to
  open_request,  ///< an earlier request may still land
  database,      ///< the outcome could not be stored
  other,
};
/// Only for reports that end in `retry`.
RetryReason retry_reason(const db::Report& report);

/// What was found to be other than our books say, and put right.
enum class Repair {
  none,
  late_write,     ///< an older request landed after a newer one
  drift,          ///< somebody changed the object in Vapi
  remote_gone,    ///< somebody deleted it
  other_account,  ///< the org moved to another account
};
Repair repair_of(const db::Report& report);

class EngineMetrics {
 public:
  EngineMetrics() = default;
  explicit EngineMetrics(Metrics& metrics);

  void count(const db::Report& report, const db::Receipt& receipt) const;
  void claimed(Duration took) const;
  /// Something was recorded, or nothing was left to do. A start counts as well.
  void progressed() const;

 private:
  Histogram convergence_;
  Histogram claims_;
  std::array<Counter, 8> retries_;
  std::array<Counter, 5> repairs_;
  Counter ambiguous_creates_;
  Counter adoptions_;
  Counter normalised_;
  Counter lost_claims_;
  Gauge last_progress_;
};

}  // namespace vapisync::sync
