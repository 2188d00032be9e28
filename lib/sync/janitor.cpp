#include "sync/janitor.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.hpp"
#include "core/marker.hpp"
#include "vapi/kinds.hpp"

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

constexpr int at_once = 1;  // its conditions may change while others are worked on
constexpr Milliseconds look_pause_min{100};

Milliseconds pause_until(const Result<std::optional<Milliseconds>>& next, Milliseconds longest) {
  if (!next || !*next) return longest;
  return std::clamp(**next, look_pause_min, longest);
}

}  // namespace

Janitor::Janitor(db::EngineStore& store, Clock& clock, Credentials& credentials,
                 JanitorOptions options)
    : store_(store),
      clock_(clock),
      credentials_(credentials),
      options_(std::move(options)),
      wake_(clock) {}

void Janitor::stop() {
  stopping_ = true;
  wake_.set();
}

void Janitor::look() {
  wake_.set();
}

asio::awaitable<void> Janitor::run() {
  while (!stopping_) {
    // A failure says nothing here: the dispatcher reports that the database is away.
    const auto cleaned = co_await clean();
    auto pause = options_.look_every;
    if (cleaned) pause = pause_until(co_await store_.next_leftover(), pause);
    if (!stopping_) co_await wake_.wait_until(clock_.now() + pause);
  }
}

asio::awaitable<Result<>> Janitor::clean() {
  const auto leftovers = co_await store_.claim_leftovers(at_once, options_.lease);
  if (!leftovers) co_return leftovers.error();
  for (const auto& leftover : *leftovers) {
    const auto ready =
        co_await credentials_.prepare({{{}, leftover.credential_id, leftover.fingerprint}});
    if (!ready) co_return ready.error();
    const auto credential = credentials_.find(leftover.credential_id);
    if (stopping_) co_return Result<>{};
    if (!credential || credential->client->gate().allowance(clock_.now()).count < 1) continue;
    credential->client->gate().started(clock_.now());
    const Fate fate = co_await end(leftover, *credential->client);
    credential->client->gate().finished();
    if (fate == Fate::later) continue;
    const auto ended = co_await store_.end_leftover(leftover, fate == Fate::not_ours);
    if (!ended) co_return ended.error();
  }
  co_return Result<>{};
}

asio::awaitable<Janitor::Fate> Janitor::end(const db::LeftoverClaim& leftover,
                                            vapi::Client& client) {
  if (vapi::find_kind(leftover.kind, options_.kinds) == nullptr) co_return Fate::later;
  if (leftover.remote_id.empty()) co_return co_await end_found(leftover, client);
  co_return co_await end_object(leftover, leftover.remote_id, client);
}

/// Only by its mark is known what a create made whose answer nobody has: by the attempt of the one
/// that was sent under a lost claim, or by being another than the kept one's.
asio::awaitable<Janitor::Fate> Janitor::end_found(const db::LeftoverClaim& leftover,
                                                  vapi::Client& client) {
  const auto& kind = *vapi::find_kind(leftover.kind, options_.kinds);
  const auto keep_on = [this]() -> asio::awaitable<bool> { co_return !stopping_; };
  const auto marker = fmt::format("{}/{}", options_.installation_id, leftover.resource_id);
  auto found = co_await client.find(kind, marker, leftover.created_after, keep_on);
  if (!found) co_return Fate::later;
  db::Found ids{leftover.account_id, leftover.kind, {}};
  for (const auto& object : *found) ids.remote_ids.push_back(object.id);
  const auto held = co_await store_.held_elsewhere(leftover.resource_id, std::move(ids));
  if (!held) co_return Fate::later;
  for (const auto& object : *found) {
    const bool is_held = std::ranges::find(*held, object.id) != held->end();
    if (object.id == leftover.kept_id || is_held) continue;
    const auto its = core::find_marker(object.document, marker, kind);
    if (!its) continue;
    if (its->attempt.empty()) co_return Fate::not_ours;  // a name does not tell which one
    const bool is_copy = its->attempt == leftover.kept || its->attempt == leftover.adopted;
    if (is_copy && leftover.attempt.empty()) co_return Fate::not_ours;  // nor which is the original
    if (is_copy || (!leftover.attempt.empty() && its->attempt != leftover.attempt)) continue;
    client.gate().spend(clock_.now());
    const Fate fate = co_await end_object(leftover, object.id, client);
    if (fate != Fate::gone) co_return fate;
  }
  co_return Fate::gone;
}

asio::awaitable<Janitor::Fate> Janitor::end_object(const db::LeftoverClaim& leftover,
                                                   std::string id, vapi::Client& client) {
  const auto& kind = *vapi::find_kind(leftover.kind, options_.kinds);
  const auto read = co_await client.get(kind, id);
  if (!read && read.error().verdict == Verdict::missing) co_return Fate::gone;
  if (!read) co_return Fate::later;
  if (!is_ours(leftover, *read)) {
    log::warning("leftover.kept", {{"resource", leftover.resource_id},
                                   {"kind", leftover.kind},
                                   {"remote_id", id},
                                   {"message", "it does not bear our mark, so it is only listed"}});
    co_return Fate::not_ours;
  }
  const auto may = co_await store_.leftover_may_go(leftover);
  if (!may || !*may) co_return Fate::later;
  client.gate().spend(clock_.now());
  const auto removed = co_await client.remove(kind, id);
  const bool gone = removed || removed.error().verdict == Verdict::missing;
  log::info(gone ? "leftover.deleted" : "leftover.not_deleted",
            {{"resource", leftover.resource_id},
             {"kind", leftover.kind},
             {"remote_id", id},
             {"message", gone ? std::string{} : removed.error().message}});
  if (gone) co_return Fate::gone;
  co_return removed.error().verdict == Verdict::reject ? Fate::not_ours : Fate::later;
}

/// A copy that somebody made of the kept object bears its mark, and is theirs.
bool Janitor::is_ours(const db::LeftoverClaim& leftover, const vapi::Object& object) const {
  const auto& kind = *vapi::find_kind(leftover.kind, options_.kinds);
  const auto resource = fmt::format("{}/{}", options_.installation_id, leftover.resource_id);
  const auto marker = core::find_marker(object.document, resource, kind);
  if (!marker) return false;
  const bool is_copy = !marker->attempt.empty() && marker->attempt == leftover.kept;
  return !is_copy;
}

}  // namespace vapisync::sync
