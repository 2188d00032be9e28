#include "sync/syncer.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "sync/resource_sync.hpp"

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

constexpr int steps_max = 16;  // the longest way through core::decide takes 14

}  // namespace

asio::awaitable<db::Report> Syncer::sync(const db::Claim& claim, vapi::Client& client,
                                         Account account) {
  ResourceSync resource(*this, client, claim, account);
  co_return co_await resource.run();
}

asio::awaitable<db::Report> ResourceSync::run() {
  Ended ended = validate();
  for (int i = 0; !ended && i < steps_max; ++i) {
    ended = co_await take(core::decide(facts_));
  }
  if (ended) co_return std::move(*ended);
  const Error bug = make_error(Verdict::retry, "undecided", "no step led to an end");
  co_return fail(bug, false, "validate");
}

ResourceSync::Step ResourceSync::take(core::Step step) {
  switch (step) {
    case core::Step::look_up: co_return co_await look_up();
    case core::Step::create: co_return co_await create();
    case core::Step::update: co_return co_await update();
    case core::Step::compare: co_return co_await compare();
    case core::Step::check_gone: co_return co_await check_gone();
    case core::Step::remove: co_return co_await remove();
    case core::Step::confirm: co_return confirm();
    case core::Step::settle_difference: co_return settle_difference();
    case core::Step::wait: co_return wait_for_open_request();
    case core::Step::wait_for_others: co_return wait_for_others();
    case core::Step::refuse: co_return refuse();
    case core::Step::forget: co_return forget();
    case core::Step::leave_behind: co_return leave_behind();
    case core::Step::finish_look: co_return end(db::Outcome::looked);
  }
  co_return std::nullopt;
}

/// POST, one full document. A rejected one leaves nothing behind; a lost answer leaves it open.
ResourceSync::Step ResourceSync::create() {
  if (facts_.has_id) {  // beside the object whose place it takes
    marker_.attempt = syncer_.random_.hex(16);
    mark();
  }
  Ended ended = co_await before_write();
  if (ended) co_return ended;
  created_ = true;
  auto created = co_await client_.create(*kind_, document_);
  log_sent("create", created);
  if (!created && mark_by_name_instead(created.error())) co_return mark();
  if (!created) co_return fail(created.error(), true, "send");
  if (marked_by_ != kind_->marked_by) client_.mark_by_name();
  if (facts_.has_id) leftovers_.push_back({remote_.account_id, remote_.id, "replaced"});
  facts_.has_id = true;
  remote_ = {created->id, created->account_id, marker_.attempt, {}, keys_};
  learn(*created, document_, true);
  co_return std::nullopt;
}

/// An account that knows no metadata knows our mark by the end of a name.
bool ResourceSync::mark_by_name_instead(const Error& refusal) {
  const std::string field = refusal.path.substr(0, refusal.path.find_first_of(".["));
  const bool names_it = refusal.verdict == Verdict::reject && field == "metadata";
  if (marked_by_ == core::MarkedBy::name || has_metadata_ || !names_it) return false;
  json::erase(document_, "metadata");
  marked_by_ = core::MarkedBy::name;
  return true;
}

/// PATCH with everything wanted, and a reset for every key that is wanted no more.
ResourceSync::Step ResourceSync::update() {
  Ended ended = co_await before_write();
  if (ended) co_return ended;
  const auto& whole = expected();
  auto updated = co_await client_.update(*kind_, remote_.id, update_body(whole));
  log_sent("update", updated);
  if (!updated && updated.error().verdict == Verdict::missing) {
    facts_.presence = core::Presence::doubted;
    co_return std::nullopt;
  }
  if (!updated && updated.error().verdict == Verdict::reject && !left_out_ && !resets().empty()) {
    co_return co_await leave_out_idle_resets(updated.error());
  }
  if (!updated) co_return fail(name_refused_reset(updated.error()), true, "send");
  if (remote_.account_id.empty()) remote_.account_id = updated->account_id;
  remote_.live_hash.clear();
  remote_.sent_keys = core::merge_keys(remote_.sent_keys, keys_);
  learn(*updated, whole, true);
  co_return std::nullopt;
}

/// While a request is open we reset keys that may never have been stored; one that Vapi does not
/// know is refused even as null, and the refusal must not fall on a document that is free of it.
/// A look tells which resets are idle; without them the document speaks for itself.
ResourceSync::Step ResourceSync::leave_out_idle_resets(Error refusal) {
  Ended ended = co_await before_read();
  if (ended) co_return ended;
  auto read = co_await client_.get(*kind_, remote_.id);
  if (!read) {
    Error error = read.error();
    if (error.verdict == Verdict::missing) error.verdict = Verdict::retry;  // it was just refused
    co_return fail(error, false, "verify");
  }
  left_out_.emplace();
  for (const auto& key : resets()) {
    const json::Value* stored = json::find(read->document, key);
    if (stored == nullptr || stored->IsNull()) left_out_->push_back(key);
  }
  if (left_out_->empty()) co_return fail(name_refused_reset(std::move(refusal)), true, "send");
  co_return std::nullopt;
}

/// A read that finds nothing proves nothing, since a new object may not be readable yet: the
/// document is sent, and only if that too finds nothing is the object looked for.
ResourceSync::Step ResourceSync::compare() {
  if (must_stop()) co_return end(db::Outcome::released);
  Ended ended = co_await before_read();
  if (ended) co_return ended;
  auto read = co_await client_.get(*kind_, remote_.id);
  if (!read && read.error().verdict == Verdict::missing) {
    if (!kind_->is_mutable) facts_.presence = core::Presence::doubted;
    core::learn_from_read(facts_, false);
    co_return std::nullopt;
  }
  if (!read) co_return fail(read.error(), false, "verify");
  learn(*read, expected(), false);
  co_return std::nullopt;
}

ResourceSync::Step ResourceSync::check_gone() {
  Ended ended = co_await before_read();
  if (ended) co_return ended;
  auto read = co_await client_.get(*kind_, remote_.id);
  if (read) {
    const Error odd = make_error(Verdict::retry, "missing_for_writes",
                                 "Vapi says the object is missing, and yet returns it");
    co_return fail(odd, false, "verify");
  }
  if (read.error().verdict != Verdict::missing) co_return fail(read.error(), false, "verify");
  facts_.presence = core::Presence::not_read;
  co_return std::nullopt;
}

ResourceSync::Step ResourceSync::remove() {
  Ended ended = co_await before_write();
  if (ended) co_return ended;
  auto removed = co_await client_.remove(*kind_, remote_.id);
  log_sent("remove", removed);
  if (!removed && removed.error().verdict == Verdict::missing) {
    facts_.presence = core::Presence::doubted;
    co_return std::nullopt;
  }
  if (!removed) co_return fail(removed.error(), true, "send");
  facts_.removed = true;
  co_return std::nullopt;
}

/// Finds what a lost create left, by our marker. A 404 on an id is believed only after the whole
/// account was searched; an open create can not be older than the resource.
ResourceSync::Step ResourceSync::look_up() {
  if (must_stop()) co_return end(db::Outcome::released);
  const bool whole_account = facts_.presence == core::Presence::not_read;
  Ended ended = co_await before_read();
  if (ended) co_return ended;
  const vapi::Client::KeepOn keep_on = [this] { return hold_claim(); };
  const std::string since = whole_account ? std::string{} : claim_.created_after;
  auto found = co_await client_.find(*kind_, marker_.resource, since, keep_on);
  if (!found && found.error().code == "search_ended") co_return end(db::Outcome::released);
  if (!found) co_return fail(found.error(), false, "send");
  std::erase_if(*found, [this](const vapi::Object& object) { return object.id == remote_.id; });
  if (!found->empty() && !co_await leave_to_others(*found)) co_return end(db::Outcome::released);
  if (!kind_->is_mutable) leave_outdated(*found);
  if (!found->empty()) co_return co_await adopt(std::move(*found));

  if (whole_account) {
    facts_.presence = core::Presence::gone;
  } else {
    facts_.lookup = core::Lookup::absent;
    clears_open_ = facts_.open == core::OpenRequest::may_stand;
  }
  co_return std::nullopt;
}

/// What another resource holds, or the Janitor is to delete, is no find. False: the database can't
/// say.
asio::awaitable<bool> ResourceSync::leave_to_others(std::vector<vapi::Object>& found) {
  db::Found objects{found.front().account_id, claim_.kind, {}};
  for (const auto& object : found) objects.remote_ids.push_back(object.id);
  const auto held = co_await syncer_.store_.held_elsewhere(claim_.resource_id, std::move(objects));
  if (!held) co_return false;
  std::erase_if(found, [&held](const vapi::Object& object) {
    return std::ranges::find(*held, object.id) != held->end();
  });
  co_return true;
}

/// An object of an immutable kind is of use only with the content that is wanted.
void ResourceSync::leave_outdated(std::vector<vapi::Object>& found) {
  std::erase_if(found, [this](const vapi::Object& object) {
    const auto marker = core::find_marker(object.document, marker_.resource, *kind_);
    if (marker && marker->content == hash_) return false;
    leftovers_.push_back({object.account_id, object.id, "replaced"});
    return true;
  });
}

/// A copy that somebody made of our object carries its mark; only what another of our creates made
/// is surely ours to delete.
void ResourceSync::leave_extra(const vapi::Object& extra) {
  const auto marker = core::find_marker(extra.document, marker_.resource, *kind_);
  const bool is_ours = marker && !marker->attempt.empty() && marker->attempt != marker_.attempt;
  leftovers_.push_back({remote_.account_id, extra.id, is_ours ? "duplicate" : "copy"});
}

/// What was found may be a copy, or another create's: ours may yet land beside it.
void ResourceSync::leave_open_create() {
  if (facts_.open != core::OpenRequest::may_land) return;
  const auto mark = marker_.resource + "/" + marker_.attempt;
  leftovers_.push_back({remote_.account_id, {}, "open_create", mark});
}

/// Takes over the id only; what is wanted goes there as an ordinary update. Which version made the
/// object nobody knows, so each key in it that any version wanted counts as sent.
ResourceSync::Step ResourceSync::adopt(std::vector<vapi::Object> found) {
  const auto wanted = co_await syncer_.store_.wanted_keys(claim_.resource_id);
  if (!wanted) co_return end(db::Outcome::released);
  Ended ended = co_await before_read();
  if (ended) co_return ended;
  auto read = co_await client_.get(*kind_, found.front().id);
  if (!read) {
    Error error = read.error();
    if (error.verdict == Verdict::missing) error.verdict = Verdict::retry;  // listed, not readable
    co_return fail(error, false, "verify");
  }
  if (facts_.has_id) leftovers_.push_back({remote_.account_id, remote_.id, "replaced"});
  const auto kept = core::find_marker(read->document, marker_.resource, *kind_);
  if (kept) marker_.attempt = kept->attempt;
  auto ours = core::keys_among(read->document, core::merge_keys(*wanted, remote_.sent_keys));
  remote_ = {read->id, read->account_id, marker_.attempt, {}, std::move(ours)};
  for (size_t i = 1; i < found.size(); ++i) leave_extra(found[i]);
  leave_open_create();
  if (auto unmarkable = mark()) co_return unmarkable;
  facts_.has_id = true;
  facts_.lookup = core::Lookup::found;
  facts_.same_hash = !kind_->is_mutable;
  facts_.match = core::Match::unknown;
  facts_.presence = core::Presence::assumed;
  // Whoever adopted it before us and died may have an update on its way.
  clears_open_ = facts_.open == core::OpenRequest::may_stand;
  log::info("sync.adopted", {{"org", claim_.org_id},
                             {"resource", resource_name_},
                             {"request_id", claim_.request_id},
                             {"remote_id", remote_.id},
                             {"leftovers", leftovers_.size()}});
  co_return std::nullopt;
}

}  // namespace vapisync::sync
