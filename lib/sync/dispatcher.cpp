#include "sync/dispatcher.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/log.hpp"
#include "base/spawn.hpp"
#include "sync/report_log.hpp"

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds sweep_interval_min{20};
constexpr Milliseconds sweep_interval_max{1'000};
constexpr int sweep_share = 20;  ///< the pause after a sweep, in times of what it took
constexpr int sweep_slice = 500;
constexpr int rung_max = 1'000;     ///< more are found by a sweep
constexpr size_t held_factor = 10;  ///< reports that wait for writers, for each slot
constexpr size_t due_times_max = 100'000;
constexpr size_t without_key_max = 10'000;

}  // namespace

Dispatcher::Dispatcher(asio::any_io_executor executor, DispatcherParts parts,
                       DispatcherOptions options)
    : executor_(std::move(executor)),
      parts_(parts),
      options_(options),
      recorder_(parts.store, parts.clock, RecorderOptions{options.batch, options.lease},
                recorder_events()),
      doorbell_(parts.store, parts.clock),
      wake_(parts.clock),
      poll_(poll_min) {}

Recorder::Events Dispatcher::recorder_events() {
  Recorder::Events events;
  events.slot_free = [this] {
    --in_flight_;
    wake_.set();
  };
  events.done = [this](const db::Report& report, const db::Receipt& receipt) {
    recorded(report, receipt);
  };
  return events;
}

void Dispatcher::stop() {
  stopping_ = true;
  parts_.syncer.stop();
  wake_.set();
}

void Dispatcher::ring(std::optional<int64_t> resource_id) {
  if (resource_id && rung_.size() < static_cast<size_t>(rung_max)) {
    rung_.push_back(*resource_id);
  } else {
    sweep_at_ = {};
  }
  wake_.set();
}

asio::awaitable<void> Dispatcher::run() {
  while (!stopping_) co_await one_round();
  while (in_flight_ > 0) co_await wake_.wait();
  static_cast<void>(co_await parts_.store.leave());  // else it is missed for a while
  recorder_.stop();
}

asio::awaitable<void> Dispatcher::one_round() {
  const TimePoint now = parts_.clock.now();
  if (now >= beat_at_) co_await beat();
  const bool full = recorder_.held() >= static_cast<size_t>(options_.in_flight) * held_factor;
  if (recorder_.stuck() || full) {
    could_not_claim();
    co_return co_await wait_until(now + poll_min);
  }
  const int slots = free_slots();
  if (slots == 0) {
    unclaimed_since_.reset();
    co_return co_await wait_until(now + options_.poll_max);
  }

  const auto looked = co_await look();
  if (!looked) co_return co_await wait_out(looked.error());
  Shares shares = deal(slots);
  if (shares.empty() && must_look()) co_return;
  if (shares.empty()) co_return co_await rest();
  could_not_claim();  // unless this does
  const auto found = co_await claim(std::move(shares), slots);
  if (!found) co_return co_await wait_out(found.error());
  if (*found == 0) co_return;
  unclaimed_since_.reset();
  poll_ = poll_min;
  found_ = true;
}

/// Waiting for a few slots makes fewer and larger claims out of a stream of single ends.
int Dispatcher::free_slots() const {
  const int free = options_.in_flight - in_flight_;
  return free < std::max(1, options_.in_flight / 8) ? 0 : std::min(free, options_.batch);
}

bool Dispatcher::must_look() const {
  return !rung_.empty() || !sweep_after_.empty() || parts_.clock.now() >= sweep_at_;
}

/// Who rang is looked for without looking at all others, however many they are.
asio::awaitable<Result<bool>> Dispatcher::look() {
  if (!rung_.empty()) {
    const auto found = co_await find({{}, rung_max, std::exchange(rung_, {})});
    if (!found) co_return found.error();
  } else if (must_look()) {
    co_return co_await sweep();
  }
  co_return true;
}

/// One slice, so that what it finds need not wait for the others.
asio::awaitable<Result<bool>> Dispatcher::sweep() {
  const TimePoint began = parts_.clock.now();
  if (sweep_after_.empty()) {
    sweep_at_ = began + sweep_interval_max;
    sweep_pause_ = {};
  }
  const auto found = co_await find({sweep_after_, sweep_slice});
  if (!found) co_return found.error();

  const TimePoint now = parts_.clock.now();
  sweep_pause_ += to_ms((now - began) * sweep_share);
  const bool is_last = found->size() < static_cast<size_t>(sweep_slice);
  sweep_after_ = is_last ? "" : found->back().org_id;
  // Somebody may have rung meanwhile.
  const bool rung = sweep_at_ == TimePoint{};
  if (is_last && !rung) {
    sweep_at_ = now + std::clamp(sweep_pause_, sweep_interval_min, sweep_interval_max);
  }
  co_return true;
}

asio::awaitable<Result<std::vector<db::ReadyOrg>>> Dispatcher::find(db::SweepRequest request) {
  const TimePoint asked_at = parts_.clock.now();
  auto orgs = co_await parts_.store.sweep(std::move(request));
  if (!orgs) co_return orgs;
  if (failures_ > 0) log::info("db.claiming_again");
  failures_ = 0;
  const auto prepared = co_await parts_.credentials.prepare(*orgs);
  if (!prepared) co_return prepared.error();
  parts_.credentials.follow(*orgs, asked_at);
  take_in(*orgs);
  co_return orgs;
}

void Dispatcher::take_in(const std::vector<db::ReadyOrg>& orgs) {
  for (const auto& org : orgs) {
    tell_about_key(org);
    const bool usable = !org.paused && parts_.credentials.find(org.credential_id) != nullptr;
    if (usable) {
      queue_.add(org.org_id, org.credential_id);
    } else {
      queue_.remove(org.org_id);
    }
  }
}

/// Once for each org whose saves wait for an operator.
void Dispatcher::tell_about_key(const db::ReadyOrg& org) {
  if (org.credential_id != 0) {
    without_key_.erase(org.org_id);
  } else if (without_key_.size() < without_key_max && without_key_.insert(org.org_id).second) {
    log::warning("org.no_key", {{"org", org.org_id},
                                {"message", "its saves wait: it has no Vapi key"},
                                {"hint",
                                 "vapisync workspace set ORG [--platform], or "
                                 "vapi.platform_orgs = \"all\""}});
  }
}

/// Every org in the queue has something due, as far as anybody knows: to so many at most, one row
/// each, the slots can go.
Dispatcher::Shares Dispatcher::deal(int slots) {
  const TimePoint now = parts_.clock.now();
  gate_opens_ = now + options_.poll_max;
  core::FairQueue::Limits limits;
  limits.orgs = slots;
  limits.rows_per_org = options_.in_flight_per_org;
  limits.of_credential = [&](int64_t id) {
    const auto credential = parts_.credentials.find(id);
    if (!credential) return 0;
    const auto allowance = credential->client->gate().allowance(now);
    if (allowance.count < 1 && allowance.next > now) {
      gate_opens_ = std::min(gate_opens_, allowance.next);
    }
    return allowance.count;
  };
  return queue_.deal(limits);
}

asio::awaitable<Result<int>> Dispatcher::claim(Shares shares, int slots) {
  db::ClaimRequest request;
  request.rows = slots;
  request.rows_per_org = options_.in_flight_per_org;
  request.lease = options_.lease;
  struct Turn {
    int64_t credential{0};
    int counted{0};  // of the org's first rows, those that are ours
    int taken{0};
  };
  std::unordered_map<std::string_view, Turn> turns;
  int dealt = 0;
  for (const auto& share : shares) {
    dealt += share.rows;
    request.shares.push_back({share.org, share.rows});
    const auto held = held_.find(share.org);
    turns[share.org] = {share.credential, held == held_.end() ? 0 : held->second.count};
  }
  // Who else uses this credential meanwhile must not take the same slots.
  const auto promised = promise(shares);
  const TimePoint asked_at = parts_.clock.now();
  auto claims = co_await parts_.store.claim(std::move(request));
  for (const auto& [credential, rows] : promised) credential->client->gate().promise(-rows);
  if (!claims) {
    queue_.end_turn(shares, 0);
    co_return claims.error();
  }
  parts_.metrics.claimed(parts_.clock.now() - asked_at);
  for (auto& claim : *claims) {
    Turn& turn = turns[claim.org_id];
    ++turn.taken;
    const bool as_dealt = claim.credential_id == turn.credential;
    as_dealt ? start(std::move(claim)) : give_back(std::move(claim));
  }
  // What another daemon was just about to take counted against the slots: look again before anybody
  // is left out for it.
  const bool may_be_hidden =
      daemons_ > 1 && dealt > slots && static_cast<int>(claims->size()) < slots;
  if (may_be_hidden && claims->empty() && !std::exchange(collided_, true)) {
    queue_.end_turn(shares, 0);
    co_await sleep_for(parts_.clock, rush_pause);
    co_return 0;
  }
  collided_ = collided_ && claims->empty();
  // Behind the last that got something, the slots may have run out.
  size_t reached = shares.size();
  const bool got_some = !claims->empty();
  while (got_some && reached > 0 && turns[shares[reached - 1].org].taken == 0) --reached;
  queue_.end_turn(shares, reached);
  const bool cut_off = static_cast<int>(claims->size()) >= slots || (may_be_hidden && got_some);
  // Less than its share: the org has no more that is due, as far as anybody can see now.
  for (size_t i = 0; i < reached; ++i) {
    const Turn& turn = turns[shares[i].org];
    if (turn.taken == shares[i].rows || (cut_off && i + 1 == reached)) continue;
    leave_out(shares[i].org, turn.counted + turn.taken);
  }
  co_return static_cast<int>(claims->size());
}

/// What is in flight hides what is due behind it. All daemons together may hold
/// `in_flight_per_org`, so when nothing more is to be seen for that reason, one of them holds its
/// part of it at least.
void Dispatcher::leave_out(const std::string& org, int counted) {
  const bool hides_more = counted * daemons_ >= options_.in_flight_per_org;
  const auto held = held_.find(org);
  if (hides_more && held == held_.end()) return;  // all of it was recorded during the claim
  queue_.remove(org);
  if (hides_more) held->second.hides_more = true;
}

Dispatcher::Promises Dispatcher::promise(const Shares& shares) const {
  Promises promised;
  for (const auto& share : shares) {
    const auto credential = parts_.credentials.find(share.credential);
    if (!credential) continue;
    credential->client->gate().promise(share.rows);
    promised.emplace_back(credential, share.rows);
  }
  return promised;
}

void Dispatcher::start(db::Claim claim) {
  auto credential = parts_.credentials.find(claim.credential_id);
  ++in_flight_;
  ++held_[claim.org_id].count;
  credential->client->gate().started(parts_.clock.now());
  spawn(executor_, work_on(std::make_unique<db::Claim>(std::move(claim)), std::move(credential)),
        "work_on");
}

/// Its org got another credential since it was dealt in. The old one must not touch it any more: it
/// may be of another account.
void Dispatcher::give_back(db::Claim claim) {
  ++in_flight_;
  ++held_[claim.org_id].count;
  auto kept = std::make_unique<db::Claim>(std::move(claim));
  db::Report report;
  report.claim = kept.get();
  report.outcome = db::Outcome::released;
  report.remote = kept->remote;
  recorder_.submit(std::move(kept), std::move(report));
}

asio::awaitable<void> Dispatcher::work_on(std::unique_ptr<db::Claim> claim,
                                          std::shared_ptr<Credential> credential) {
  Account account{credential->keeper->account_id(), credential->is_shared};
  db::Report report = co_await parts_.syncer.sync(*claim, *credential->client, std::move(account));
  credential->client->gate().finished();
  if (report.requests == 0) credential->client->gate().unspend();
  credential->keeper->learn_account(report.remote.account_id);
  if (credential->client->marks_by_name()) credential->keeper->learn_marks_by_name();
  recorder_.submit(std::move(claim), std::move(report));
  wake_.set();
}

void Dispatcher::recorded(const db::Report& report, const db::Receipt& receipt) {
  log_report(report, receipt);
  parts_.metrics.count(report, receipt);
  if (report.claim->age > options_.overdue_after && report.outcome == db::Outcome::retry) {
    log::error("sync.overdue", {{"org", report.claim->org_id},
                                {"resource", report.claim->kind + "/" + report.claim->key},
                                {"request_id", report.claim->request_id},
                                {"age_s", report.claim->age.count() / 1000},
                                {"message", "this save waits longer than retry.overdue_after_s"}});
  }
  if (!report.leftovers.empty() && leftover_listed_) leftover_listed_();
  synced_ += report.outcome == db::Outcome::confirmed ? 1 : 0;
  const db::Claim& claim = *report.claim;
  auto& held = held_[claim.org_id];
  if (std::exchange(held.hides_more, false)) queue_.add(claim.org_id, claim.credential_id);
  if (--held.count == 0) held_.erase(claim.org_id);
  if (const auto credential = parts_.credentials.find(claim.credential_id);
      receipt.paused && credential) {
    // The next sweep sees it; until then nothing more starts.
    credential->client->gate().pause_until(parts_.clock.now() + 2 * sweep_interval_max);
  }
  if (receipt.due_now || receipt.linked || report.outcome == db::Outcome::released) {
    queue_.add(claim.org_id, claim.credential_id);
  } else if (report.outcome == db::Outcome::retry && due_.size() < due_times_max) {
    due_.push(parts_.clock.now() + report.delay);
  }
  wake_.set();
}

}  // namespace vapisync::sync
