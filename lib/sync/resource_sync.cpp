// The parts of a claim that talk to nobody: what it starts from, and what it learns.
#include "sync/resource_sync.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.hpp"
#include "core/references.hpp"
#include "vapi/kinds.hpp"

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

/// No agent needs more, and everything that is in flight lies in memory.
constexpr size_t document_bytes_max = 8U << 20U;

}  // namespace

ResourceSync::ResourceSync(Syncer& syncer, vapi::Client& client, const db::Claim& claim,
                           const Account& account)
    : syncer_(syncer),
      client_(client),
      claim_(claim),
      kind_(vapi::find_kind(claim.kind, syncer.options_.kinds)),
      resource_name_(claim.kind + "/" + claim.key),
      started_(syncer.clock_.now()),
      lease_end_(claim.lease_end),
      shared_(account.is_shared),
      marked_by_(client.marks_by_name() ? core::MarkedBy::name : kind_->marked_by),
      remote_(claim.remote) {
  facts_.op = claim.op;
  facts_.has_id = !claim.remote.id.empty();
  facts_.blocked = claim.blocked;
  facts_.is_mutable = kind_->is_mutable;
  facts_.foreign = facts_.has_id && !account.id.empty() && !claim.remote.account_id.empty() &&
                   claim.remote.account_id != account.id;
  if (claim.op == core::Op::remove) facts_.others = claim.referrers;
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
  auto parsed = json::parse(text);
  if (!parsed || !parsed->IsObject()) {
    const Error error = make_error(
        Verdict::reject, "bad_document",
        parsed ? "the document is not a JSON object" : "the document is " + parsed.error().message);
    return fail(error, false, "validate");
  }
  document_ = std::move(*parsed);
  has_metadata_ = json::find(document_, "metadata") != nullptr;
  if (const auto refused = look_at_references()) return fail(*refused, false, "validate");
  hash_ = json::hash(document_);
  facts_.same_hash = hash_ == claim_.remote.live_hash;
  if (!kind_->is_mutable) marker_.content = hash_;
  return mark();
}

/// Puts ids in the place of references; says what stands in the way where there is none yet.
std::optional<Error> ResourceSync::look_at_references() {
  if (const auto path = shared_ ? core::find_bare_id(document_) : std::nullopt) {
    return make_error(Verdict::reject, "bare_id",
                      fmt::format("{} names a Vapi object by its id, which could be another org's "
                                  "in this shared account: refer to it by {{\"$ref\": "
                                  "\"KIND/KEY\"}}",
                                  *path),
                      *path);
  }
  const auto find = [this](std::string_view name) {
    return std::ranges::find(claim_.references, name, &db::Reference::name);
  };
  const auto references = core::find_references(document_);
  for (const auto& reference : references) {
    const auto target = find(reference.name);
    const bool known = target != claim_.references.end();
    const auto state = known ? target->state : core::Others::hopeless;
    const bool is_new =
        known && std::ranges::find(refers_to_, target->resource_id) == refers_to_.end();
    if (is_new) refers_to_.push_back(target->resource_id);
    if (state == core::Others::hopeless && hopeless_.empty()) hopeless_ = reference.path;
    facts_.others = std::max(facts_.others, state);
    // What stood there before can't be compared with what nobody can name any more.
    if (!known || target->remote_id.empty()) facts_.has_live = false;
  }
  if (references.empty()) return std::nullopt;
  core::resolve(document_, [&](std::string_view name) {
    const auto target = find(name);
    return target == claim_.references.end() ? std::string_view{} : target->remote_id;
  });
  return std::nullopt;
}

ResourceSync::Ended ResourceSync::mark() {
  if (!core::mark(document_, marker_, *kind_, marked_by_)) {
    const Error error = make_error(
        Verdict::reject, "unmarkable",
        fmt::format("a {} like this has no name to know it by, so a lost create could not be found",
                    claim_.kind));
    return fail(error, false, "validate");
  }
  keys_ = core::keys_of(document_);
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
  if (!log::enabled(log::Level::debug)) return;
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

const json::Document& ResourceSync::expected() {
  const auto keys = resets();
  if (keys.empty()) return document_;
  with_resets_ = core::with_resets(document_, keys, *kind_);
  return with_resets_;
}

const json::Document& ResourceSync::update_body(const json::Document& whole) {
  if (!left_out_ && kind_->create_only.empty()) return whole;
  body_ = json::Document();
  body_.CopyFrom(whole, body_.GetAllocator());
  for (const auto& key : left_out_.value_or(std::vector<std::string>{})) json::erase(body_, key);
  for (const auto key : kind_->create_only) json::erase(body_, key);
  return body_;
}

std::vector<std::string> ResourceSync::resets() const {
  std::vector<std::string> keys;
  for (const auto* sent : {&remote_.sent_keys, &claim_.open_keys}) {
    std::ranges::copy_if(*sent, std::back_inserter(keys), [this](const std::string& key) {
      return !std::ranges::binary_search(keys_, key);
    });
  }
  return core::merge_keys(std::move(keys), {});
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
  if (!log::enabled(log::Level::debug)) return;
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
  return std::ranges::binary_search(keys_, path.substr(0, path.find_first_of(".[")));
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

}  // namespace vapisync::sync
