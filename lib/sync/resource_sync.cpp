// The parts of a claim that talk to nobody: what it starts from, and the reports it can end in.
#include "sync/resource_sync.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "base/log.hpp"
#include "vapi/kinds.hpp"

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

/// No agent needs more, and everything that is in flight lies in memory.
constexpr size_t document_bytes_max = 8U << 20U;

std::string to_warnings(const std::vector<core::Difference>& differences) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
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
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

ResourceSync::ResourceSync(Syncer& syncer, vapi::Client& client, const db::Claim& claim,
                           const std::string& account_id)
    : syncer_(syncer),
      client_(client),
      claim_(claim),
      kind_(vapi::find_kind(claim.kind)),
      resource_name_(claim.kind + "/" + claim.key),
      started_(syncer.clock_.now()),
      lease_end_(claim.lease_end),
      remote_(claim.remote) {
  facts_.op = claim.op;
  facts_.has_id = !claim.remote.id.empty();
  facts_.blocked = claim.blocked;
  facts_.foreign = facts_.has_id && !account_id.empty() && !claim.remote.account_id.empty() &&
                   claim.remote.account_id != account_id;
  if (claim.open) {
    facts_.open = claim.open_age >= syncer.options_.window ? core::OpenRequest::may_stand
                                                           : core::OpenRequest::may_land;
  }
  marker_.resource = fmt::format("{}/{}", syncer.options_.installation_id, claim.resource_id);
  marker_.attempt = claim.remote.marker.empty() ? syncer.random_.hex(16) : claim.remote.marker;
}

ResourceSync::Ended ResourceSync::validate() {
  // A blocked resource is only looked at: what must stand there is what was confirmed last.
  const std::string& text = claim_.blocked ? claim_.live_payload : claim_.payload;
  facts_.has_live = !claim_.live_payload.empty();
  if (text.empty()) {
    document_.SetObject();
    return std::nullopt;  // a delete, or a resource that never was live
  }
  if (text.size() > document_bytes_max) {
    const Error error =
        make_error(Verdict::reject, "too_large",
                   fmt::format("the document has {} bytes, more than the {} that are sent",
                               text.size(), document_bytes_max));
    return fail(error, false, "validate");
  }
  const auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject()) {
    const Error error = make_error(
        Verdict::reject, "bad_document",
        parsed ? "the document is not a JSON object" : "the document is " + parsed.error().message);
    return fail(error, false, "validate");
  }
  hash_ = json::hash(*parsed);
  facts_.same_hash = hash_ == claim_.remote.live_hash;
  document_ = core::with_marker(*parsed, marker_);
  return std::nullopt;
}

/// The lease must outlast the next request; a slow claim prolongs it. False: it is another's now,
/// or the database can't say.
asio::awaitable<bool> ResourceSync::hold_claim() {
  const TimePoint now = syncer_.clock_.now();
  if (lease_end_ >= now + client_.request_timeout()) co_return true;
  const auto renewed =
      co_await syncer_.store_.renew(claim_.resource_id, claim_.token, syncer_.options_.lease);
  if (!renewed || !*renewed) co_return false;
  // Counted from before it was asked for: by the time of a slow answer it may be over again.
  lease_end_ = now + syncer_.options_.lease;
  co_return lease_end_ >= syncer_.clock_.now() + client_.request_timeout();
}

ResourceSync::Step ResourceSync::before_read() {
  if (!co_await hold_claim()) co_return end(db::Outcome::released);
  count_request();
  co_return std::nullopt;
}

ResourceSync::Step ResourceSync::before_write() {
  const bool ours = !must_stop() && co_await hold_claim();
  if (!ours) co_return end(db::Outcome::released);  // settling says whose it is
  ++writes_;
  count_request();
  write_began_ = syncer_.clock_.now();
  co_return std::nullopt;
}

void ResourceSync::count_request() {
  if (requests_++ > 0) client_.gate().spend(syncer_.clock_.now());
}

void ResourceSync::log_sent(std::string_view step, const Result<vapi::Object>& answer) const {
  const int status = answer ? answer->status : answer.error().status;
  log::debug("sync.sent", {{"org", claim_.org_id},
                           {"resource", resource_name_},
                           {"version", claim_.version},
                           {"request_id", claim_.request_id},
                           {"attempt", claim_.attempts + 1},
                           {"phase", "send"},
                           {"step", step},
                           {"status", log::known(status)},
                           {"code", answer ? std::string{} : answer.error().code},
                           {"ms", to_ms(syncer_.clock_.now() - write_began_).count()}});
}

json::Document ResourceSync::expected() const {
  const auto sent = core::merge_keys(remote_.sent_keys, claim_.open_keys);
  return core::with_resets(document_, sent, *kind_);
}

json::Document ResourceSync::without_left_out(json::Document body) const {
  if (left_out_) {
    for (const auto& key : *left_out_) json::erase(body, key);
  }
  return body;
}

std::vector<std::string> ResourceSync::resets() const {
  auto keys = core::merge_keys(remote_.sent_keys, claim_.open_keys);
  std::erase_if(keys, [this](const std::string& key) { return is_wanted(key); });
  return keys;
}

void ResourceSync::learn(const vapi::Object& object, const json::Value& sent, bool was_write) {
  differences_ = core::verify(sent, object.document, *kind_);
  expect_same("id", remote_.id, object.id);
  expect_same("orgId", remote_.account_id, object.account_id);
  const bool same = differences_.empty();
  if (was_write) {
    core::learn_from_write(facts_, same);
  } else {
    core::learn_from_read(facts_, same);
  }
  log::debug("sync.verified", {{"org", claim_.org_id},
                               {"resource", resource_name_},
                               {"version", claim_.version},
                               {"request_id", claim_.request_id},
                               {"phase", "verify"},
                               {"same", same},
                               {"path", same ? std::string{} : differences_.front().path}});
}

/// An answer about another object, or from another account, confirms nothing.
void ResourceSync::expect_same(const char* path, const std::string& ours,
                               const std::string& theirs) {
  if (ours.empty() || ours == theirs) return;
  differences_.push_back({path, core::Difference::How::lost, ours, theirs});
}

/// Is the top-level key of this path part of the document, and not only reset by name?
bool ResourceSync::is_wanted(std::string_view path) const {
  return json::find(document_, path.substr(0, path.find_first_of(".["))) != nullptr;
}

/// A refusal of a key that is wanted no more is about our reset, not about the user's content.
Error ResourceSync::name_refused_reset(Error error) const {
  const std::string top = error.path.substr(0, error.path.find_first_of(".["));
  const auto& sent = remote_.sent_keys;
  const bool was_sent = std::find(sent.begin(), sent.end(), top) != sent.end();
  if (error.verdict == Verdict::reject && was_sent && !is_wanted(top)) error.code = "cannot_unset";
  return error;
}

Milliseconds ResourceSync::since_start() const {
  return to_ms(syncer_.clock_.now() - started_);
}

db::Report ResourceSync::end(db::Outcome outcome) const {
  db::Report report;
  report.claim = &claim_;
  report.outcome = outcome;
  report.remote = remote_;
  report.wrote = writes_ > 0;
  if (report.wrote) report.wrote_keys = core::keys_of(document_);
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
  return report;
}

db::Report ResourceSync::confirm() const {
  db::Report report = end(db::Outcome::confirmed);
  if (claim_.op == core::Op::remove) {
    report.remote = db::Remote{};
    return report;
  }
  report.remote.live_hash = hash_;
  const bool still_open = claim_.open && !report.clears_open;
  report.remote.sent_keys = core::keys_of(document_);
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
  const auto refusal = std::find_if(
      differences_.begin(), differences_.end(),
      [&](const core::Difference& d) { return d.how == core::Difference::How::lost || kept(d); });
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

db::Report ResourceSync::forget() const {
  db::Report report = end(db::Outcome::forgotten);
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
/// say. A last look puts back what was confirmed.
bool ResourceSync::needs_last_look() const {
  return !claim_.blocked && facts_.has_id && remote_.live_hash.empty();
}

db::Report ResourceSync::fail(const Error& error, bool was_write, std::string_view phase) const {
  const bool answered = error.status != 0;
  const bool counts = answered && client_.breaker_closed();
  db::Report report = end(db::Outcome::retry);
  report.error = error;
  report.phase = std::string(phase);
  report.opens = was_write && error.verdict == Verdict::unknown;
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
