// The reports that a claim can end in.
#include <algorithm>
#include <fmt/format.h>

#include "base/json_writer.hpp"
#include "sync/resource_sync.hpp"

namespace vapisync::sync {
namespace {

constexpr Milliseconds others_pause{30'000};

std::string to_warnings(const std::vector<core::Difference>& differences) {
  std::string out;
  json::Writer writer(out);
  writer.StartArray();
  for (const auto& difference : differences) {
    writer.StartObject();
    writer.Key("code");
    writer.String("normalised");
    writer.Key("path");
    writer.String(difference.path);
    writer.Key("sent");
    writer.String(difference.sent);
    writer.Key("stored");
    writer.String(difference.stored);
    writer.EndObject();
  }
  writer.EndArray();
  return out;
}

}  // namespace

db::Report ResourceSync::end(db::Outcome outcome) const {
  db::Report report;
  report.claim = &claim_;
  report.outcome = outcome;
  report.remote = remote_;
  report.requests = requests_;
  report.wrote = writes_ > 0;
  if (report.wrote) report.wrote_keys = keys_;
  if (created_) report.wrote_marker = marker_.attempt;
  report.clears_open = clears_open_;
  report.leftovers = leftovers_;
  report.took = since_start();
  // Once the window has passed, a look leaves nothing on its way.
  const bool seen =
      facts_.match != core::Match::unknown || facts_.removed || outcome == db::Outcome::looked;
  if (facts_.open == core::OpenRequest::may_stand && seen) report.clears_open = true;
  // What the open request left there is known from now on only by this.
  if (report.clears_open && facts_.has_id && facts_.match != core::Match::same) {
    report.remote.sent_keys = core::merge_keys(remote_.sent_keys, claim_.open_keys);
  }
  // A last look that has seen it knows as much as a confirmation: it bears the content that is
  // live.
  const bool was_seen = outcome == db::Outcome::looked && facts_.match != core::Match::unknown;
  const bool is_settled =
      outcome == db::Outcome::confirmed || outcome == db::Outcome::forgotten || was_seen;
  if (!kind_->is_mutable && !is_settled && remote_.id != claim_.remote.id) keep_old(report);
  return report;
}

/// An object that can't be changed takes the place of the old one only when it is confirmed. Until
/// then it is one that may stand there, and is found again by its mark.
void ResourceSync::keep_old(db::Report& report) const {
  report.remote = claim_.remote;
  report.opens = true;
  report.clears_open = false;
  std::erase_if(report.leftovers, [this](const db::Leftover& leftover) {
    return leftover.remote_id == claim_.remote.id || leftover.reason == "open_create";
  });
}

db::Report ResourceSync::confirm() const {
  db::Report report = end(db::Outcome::confirmed);
  if (claim_.op == core::Op::remove) {
    report.remote = db::Remote{};
    return report;
  }
  report.remote.live_hash = hash_;
  report.live_refs = refers_to_;
  const bool still_open = claim_.open && !report.clears_open;
  report.remote.sent_keys = keys_;
  if (still_open) {
    // What may still land may set these; the last look must know that they are not wanted.
    const auto before = core::merge_keys(remote_.sent_keys, claim_.open_keys);
    report.remote.sent_keys = core::merge_keys(report.remote.sent_keys, before);
  }
  return report;
}

/// Another value than ours is a warning. What is lost, or was to be reset and is still there, is
/// not what was wanted.
db::Report ResourceSync::settle_difference() const {
  if (claim_.blocked) return end(db::Outcome::looked);
  const auto kept = [this](const core::Difference& difference) {
    return difference.how == core::Difference::How::kept || !is_wanted(difference.path);
  };
  const auto fixed = [this](const core::Difference& difference) {
    return std::ranges::find(kind_->create_only, difference.path) != kind_->create_only.end();
  };
  // Whatever else differs follows from it.
  if (const auto changed = std::ranges::find_if(differences_, fixed);
      changed != differences_.end()) {
    const Error error = make_error(
        Verdict::reject, "cannot_change",
        fmt::format("the {} of a {} can't be changed: delete it and save it anew under another key",
                    changed->path, claim_.kind),
        changed->path);
    return fail(error, false, "verify");
  }
  const auto refusal = std::ranges::find_if(differences_, [&](const core::Difference& d) {
    return d.how == core::Difference::How::lost || kept(d);
  });
  if (refusal == differences_.end()) {
    db::Report report = confirm();
    report.warnings = to_warnings(differences_);
    return report;
  }
  const bool reset = kept(*refusal);
  const Error error = make_error(Verdict::reject, reset ? "cannot_unset" : "not_stored",
                                 fmt::format("Vapi answered 200 but {} {}: sent {}, stored {}",
                                             reset ? "did not reset" : "did not store",
                                             refusal->path, refusal->sent, refusal->stored),
                                 refusal->path);
  return fail(error, false, "verify");
}

/// Looks again when the open request is twice as old, and surely when it can land no more.
db::Report ResourceSync::wait_for_open_request() const {
  const Milliseconds age = claim_.open_age + since_start();
  const Milliseconds left = std::max(syncer_.options_.window - age, Milliseconds{1});
  db::Report report = end(db::Outcome::retry);
  report.delay = std::min(std::max(age, syncer_.options_.retry.base), left);
  return report;
}

/// Whatever comes first wakes it; this is the longest that a lost wake can cost.
db::Report ResourceSync::wait_for_others() const {
  db::Report report = end(db::Outcome::retry);
  report.waits = true;
  report.delay = others_pause;
  return report;
}

db::Report ResourceSync::refuse() const {
  const bool is_delete = claim_.op == core::Op::remove;
  const Error error =
      is_delete
          ? make_error(Verdict::reject, "still_referenced",
                       "what refers to it is blocked, and so can't let go of it")
          : make_error(Verdict::reject, "reference_gone",
                       fmt::format("{} refers to what is deleted, or is blocked and not at Vapi, "
                                   "or refers back to this",
                                   hopeless_),
                       hopeless_);
  return fail(error, false, "validate");
}

/// An object that can't be changed is missed by reads alone, and a new one may not be readable yet:
/// as if its create had no answer, nothing is created before it would surely be listed.
db::Report ResourceSync::forget() const {
  db::Report report = end(db::Outcome::forgotten);
  report.opens = !kind_->is_mutable;
  report.remote = db::Remote{};
  report.phase = "verify";
  report.error = make_error(Verdict::missing, "remote_gone",
                            fmt::format("the object {} is gone from Vapi", remote_.id));
  return report;
}

/// Objects in an account that an org has left are its owner's: listed, never touched.
db::Report ResourceSync::leave_behind() const {
  db::Report report = end(db::Outcome::forgotten);
  report.leftovers.push_back({remote_.account_id, remote_.id, "other_account"});
  report.remote = db::Remote{};
  report.phase = "validate";
  report.error =
      make_error(Verdict::missing, "other_account",
                 fmt::format("the object {} lies in the account {}, which is not the credential's",
                             remote_.id, remote_.account_id));
  return report;
}

/// What is refused may stand there nevertheless, if only half of it: something else than our books
/// say. A last look puts back what was confirmed. And a create that is refused says nothing of the
/// object whose place it was to take.
bool ResourceSync::needs_last_look() const {
  return !claim_.blocked && facts_.has_id && (remote_.live_hash.empty() || !kind_->is_mutable);
}

db::Report ResourceSync::fail(const Error& error, bool was_write, std::string_view phase) const {
  const bool answered = error.status != 0;
  const bool counts = answered && client_.breaker_closed();
  db::Report report = end(db::Outcome::retry);
  report.error = error;
  report.phase = std::string(phase);
  report.opens = report.opens || (was_write && error.verdict == Verdict::unknown);
  if (error.verdict == Verdict::auth) {
    report.outcome = db::Outcome::released;
    return report;
  }
  if (error.verdict == Verdict::reject || error.verdict == Verdict::missing) {
    report.outcome = claim_.blocked ? db::Outcome::looked : db::Outcome::rejected;
    report.opens = report.opens || needs_last_look();
    return report;
  }
  if (counts && claim_.attempts + 1 >= syncer_.options_.attempts_max && !claim_.blocked) {
    report.outcome = db::Outcome::rejected;
    report.opens = report.opens || needs_last_look();
    report.error->code = "gave_up";
    report.error->message =
        fmt::format("gave up after {} attempts: {}", claim_.attempts + 1, error.message);
    return report;
  }
  report.burn = counts;
  report.delay = syncer_.options_.retry.delay(claim_.attempts, syncer_.random_.unit(),
                                              Milliseconds{error.retry_after_ms});
  return report;
}

}  // namespace vapisync::sync
