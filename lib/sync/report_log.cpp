#include "sync/report_log.hpp"

#include "base/log.hpp"

namespace vapisync::sync {
namespace {

struct Line {
  log::Level level;
  std::string_view event;
};

Line line_of(const db::Report& report, const db::Receipt& receipt) {
  if (receipt.deferred) return {log::Level::error, "sync.not_recorded"};
  if (receipt.recorded == db::Recorded::lost) return {log::Level::warning, "sync.claim_lost"};
  switch (report.outcome) {
    case db::Outcome::confirmed:
      return report.warnings.empty() ? Line{log::Level::info, "sync.synced"}
                                     : Line{log::Level::warning, "sync.synced"};
    case db::Outcome::rejected: return {log::Level::error, "sync.rejected"};
    case db::Outcome::retry:
      return report.error ? Line{log::Level::warning, "sync.retry"}
                          : Line{log::Level::info, "sync.waiting"};
    case db::Outcome::released: return {log::Level::info, "sync.released"};
    case db::Outcome::forgotten: return {log::Level::warning, "sync.remote_gone"};
    case db::Outcome::looked: return {log::Level::info, "sync.looked"};
  }
  return {log::Level::info, "sync.recorded"};
}

}  // namespace

void log_report(const db::Report& report, const db::Receipt& receipt) {
  const db::Claim& claim = *report.claim;
  const Error none;
  const Error& error = report.error ? *report.error : none;
  const Line line = line_of(report, receipt);
  log::write(line.level, line.event,
             {{"org", claim.org_id},
              {"resource", claim.kind + "/" + claim.key},
              {"version", claim.version},
              {"request_id", claim.request_id},
              {"attempt", claim.attempts + 1},
              {"phase", "record"},
              {"failed_phase", report.phase},
              {"remote_id", report.remote.id},
              {"code", error.code},
              {"status", log::known(error.status)},
              {"path", error.path},
              {"message", error.message},
              {"warnings", report.warnings},
              {"retry_in_ms", log::known(report.delay.count())},
              {"ms", report.took.count()}});
}

}  // namespace vapisync::sync
