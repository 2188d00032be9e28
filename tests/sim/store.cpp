#include "sim/store.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>

#include "vapi/key_identity.hpp"

namespace vapisync::sim {
namespace {

constexpr Milliseconds hang{2'000};
constexpr int64_t platform_credential = test::MemoryDatabase::platform_credential;

Error away() {
  return make_error(Verdict::retry, "db_connection", "no connection to the database");
}

/// A batch as it is on its way: the daemon may be gone when it arrives.
struct Batch {
  std::deque<db::Claim> claims;
  std::vector<db::Report> reports;
};

std::shared_ptr<Batch> copy_of(const std::vector<db::Report>& reports) {
  auto batch = std::make_shared<Batch>();
  for (const auto& report : reports) {
    batch->claims.push_back(*report.claim);
    batch->reports.push_back(report);
    batch->reports.back().claim = &batch->claims.back();
  }
  return batch;
}

}  // namespace

Milliseconds Store::latency() {
  auto& dice = stage_.world.dice;
  const bool slow = stage_.faults_are_on && dice.chance(stage_.swarm.db_slow);
  return slow ? dice.between(Milliseconds{100}, Milliseconds{6'000})
              : dice.between(Milliseconds{0}, Milliseconds{3});
}

/// There, the statement, and back.
template <class T>
Store::Answer<T> Store::run(std::string_view name, std::function<T()> statement) {
  co_await fate_.strike(name);
  auto debt = std::make_shared<Debt<Result<T>>>(process_);
  std::weak_ptr<Debt<Result<T>>> owed = debt;
  const auto pay = [owed](Result<T> result) {
    if (const auto open = owed.lock()) open->pay(std::move(result));
  };
  auto arrive = [this_stage = &stage_, pay, back = latency(), statement = std::move(statement)] {
    Stage& stage = *this_stage;
    if (stage.world.now() < stage.database_down_until) {
      const Milliseconds wait = stage.world.dice.chance(0.3) ? hang : Milliseconds{0};
      stage.world.after(wait, [pay] { pay(away()); });
      return;
    }
    T result = statement();
    const bool lost = stage.faults_are_on && stage.world.dice.chance(stage.swarm.db_lost);
    stage.world.after(back, [pay, lost, result = std::move(result)] {
      lost ? pay(away()) : pay(Result<T>(result));
    });
  };
  stage_.world.after(latency(), std::move(arrive));
  co_return co_await Debt<Result<T>>::collect(std::move(debt));
}

Store::Answer<std::vector<db::ReadyOrg>> Store::sweep(db::SweepRequest request) {
  auto look = [&stage = stage_, request] {
    std::vector<db::ReadyOrg> out;
    const TimePoint now = stage.world.now();
    for (auto& org : stage.database.sweep(request, now)) {
      const int64_t id = stage.database.credential_of(org);
      const auto& row = stage.database.credentials.at(id);
      out.push_back({org, id, row.fingerprint, stage.database.credential_pause(id, now), false,
                     row.paused_until.has_value()});
    }
    return out;
  };
  return run<std::vector<db::ReadyOrg>>("sweep", std::move(look));
}

Store::Answer<std::vector<db::Claim>> Store::claim(db::ClaimRequest request) {
  for (const auto& share : request.shares) {
    if (!fate_.may_claim(share.org_id)) {
      stage_.complain(daemon_ + " claims while its gate is closed");
    }
  }
  const TimePoint asked_at = process_.now();
  const TimePoint asked_in_world = stage_.world.now();
  using Rows = std::vector<test::MemoryDatabase::ClaimedRow>;
  auto take = [&stage = stage_, request, daemon = daemon_] {
    Rows rows = stage.database.claim(request, daemon, stage.world.now());
    for (const auto& row : rows) {
      stage.tell(fmt::format("{} claims {} token {}{}", daemon, row.resource_id, row.token,
                             row.open ? " (open)" : ""));
      stage.world.note("claim", row.resource_id);
    }
    return rows;
  };
  const auto rows = co_await run<Rows>("claim", std::move(take));
  if (!rows) co_return rows.error();
  if (rows->empty()) co_return std::vector<db::Claim>{};
  // The facts are a statement of their own: what they tell is newer than the claim.
  auto read = [&stage = stage_, rows = *rows] { return stage.database.facts(rows); };
  auto claims = co_await run<std::vector<db::Claim>>("facts", std::move(read));
  if (!claims) co_return claims.error();
  for (auto& claim : *claims) {
    claim.lease_end = asked_at + request.lease;
    held_[claim.token] = {claim.resource_id, asked_in_world};
  }
  co_return claims;
}

Store::Answer<std::vector<db::Receipt>> Store::settle(const std::vector<db::Report>& reports) {
  auto batch = copy_of(reports);
  auto write = [&stage = stage_, batch, daemon = daemon_] {
    std::vector<db::Receipt> receipts;
    const bool busy = stage.faults_are_on && stage.world.dice.chance(stage.swarm.db_busy);
    if (busy) {
      receipts.assign(batch->reports.size(), {db::Recorded::held, false});
      return receipts;
    }
    receipts = stage.database.settle(batch->reports, stage.world.now());
    // A statement of its own, without which what waits finds out for itself.
    const bool lost = stage.faults_are_on && stage.world.dice.chance(stage.swarm.db_lost);
    if (!lost) stage.database.wake_neighbours(batch->reports, receipts, stage.world.now());
    for (size_t i = 0; i < receipts.size(); ++i) {
      const db::Report& report = batch->reports[i];
      if (report.burn && (!report.error || report.error->status == 0)) {
        stage.complain(daemon + " burns an attempt without an answer");
      }
      stage.tell(fmt::format("{} settles {}.{} outcome {} {} remote {}: {}{}", daemon,
                             report.claim->resource_id, report.claim->version,
                             static_cast<int>(report.outcome),
                             report.error ? report.error->code : "", report.remote.id,
                             receipts[i].recorded == db::Recorded::done ? "done" : "held or lost",
                             receipts[i].due_now ? ", due now" : ""));
      stage.world.note("settle", report.claim->resource_id);
    }
    return receipts;
  };
  auto receipts = co_await run<std::vector<db::Receipt>>("settle", std::move(write));
  if (receipts) {
    for (size_t i = 0; i < receipts->size(); ++i) {
      if ((*receipts)[i].recorded != db::Recorded::held) {
        held_.erase(batch->reports[i].claim->token);
      }
    }
  }
  co_return receipts;
}

Store::Answer<bool> Store::renew(int64_t resource_id, int64_t token, Milliseconds lease) {
  auto work = [&stage = stage_, resource_id, token, lease] {
    return stage.database.renew(resource_id, token, lease, stage.world.now());
  };
  return run<bool>("renew", std::move(work));
}

Store::Answer<std::vector<std::string>> Store::held_elsewhere(int64_t resource_id,
                                                              db::Found found) {
  auto work = [&stage = stage_, resource_id, found = std::move(found)] {
    return stage.database.held_elsewhere(resource_id, found);
  };
  return run<std::vector<std::string>>("held_elsewhere", std::move(work));
}

Store::Answer<std::vector<std::string>> Store::wanted_keys(int64_t resource_id) {
  auto work = [&stage = stage_, resource_id] { return stage.database.wanted_keys(resource_id); };
  return run<std::vector<std::string>>("wanted_keys", std::move(work));
}

Store::Answer<int> Store::wake_waiting(int64_t credential_id) {
  auto work = [&stage = stage_, credential_id] {
    return stage.database.wake_waiting(credential_id, stage.world.now());
  };
  return run<int>("wake_waiting", std::move(work));
}

Store::Answer<bool> Store::arm_bell(Milliseconds duration) {
  auto work = [&stage = stage_, duration] {
    return stage.database.arm_bell(duration, stage.world.now());
  };
  return run<bool>("arm_bell", std::move(work));
}

Store::Answer<bool> Store::silence_bell() {
  auto work = [&stage = stage_] {
    stage.database.silence_bell();
    return true;
  };
  return run<bool>("silence_bell", std::move(work));
}

Store::Answer<int64_t> Store::register_platform(std::string fingerprint, std::string, bool) {
  auto work = [&stage = stage_, fingerprint] {
    stage.database.register_platform(fingerprint);
    return platform_credential;
  };
  return run<int64_t>("register_platform", std::move(work));
}

Store::Answer<std::vector<db::CredentialRow>> Store::load_credentials(std::vector<int64_t> ids) {
  auto work = [&stage = stage_, ids = std::move(ids)] {
    std::vector<db::CredentialRow> rows;
    rows.reserve(ids.size());
    for (const int64_t id : ids) {
      const auto& row = stage.database.credentials.at(id);
      const Secret key(key_of_fingerprint(row.fingerprint));
      rows.push_back({id, id == platform_credential, row.fingerprint, "https://api.sim",
                      sealer().seal(key, vapi::credential_context(row.fingerprint)),
                      row.account_id});
    }
    return rows;
  };
  return run<std::vector<db::CredentialRow>>("load_credentials", std::move(work));
}

Store::Answer<bool> Store::learn_account(int64_t id, std::string account_id) {
  auto work = [&stage = stage_, id, account_id = std::move(account_id)] {
    stage.database.learn_account(id, account_id);
    return true;
  };
  return run<bool>("learn_account", std::move(work));
}

Store::Answer<bool> Store::pause_credential(int64_t id, std::string, Milliseconds duration) {
  auto work = [&stage = stage_, id, duration] {
    stage.database.pause_credential(id, duration, stage.world.now());
    return true;
  };
  return run<bool>("pause_credential", std::move(work));
}

Store::Answer<bool> Store::resume_credential(int64_t id) {
  auto work = [&stage = stage_, id] {
    stage.database.resume_credential(id);
    return true;
  };
  return run<bool>("resume_credential", std::move(work));
}

Store::Answer<std::vector<db::LeftoverClaim>> Store::claim_leftovers(int limit,
                                                                     Milliseconds lease) {
  auto take = [&stage = stage_, limit, lease] {
    return stage.database.claim_leftovers(limit, lease, stage.world.now());
  };
  auto taken = co_await run<std::vector<db::LeftoverClaim>>("claim_leftovers", std::move(take));
  leftovers_ = taken ? *taken : std::vector<db::LeftoverClaim>{};
  co_return taken;
}

Store::Answer<bool> Store::leftover_may_go(const db::LeftoverClaim& leftover) {
  auto work = [&stage = stage_, leftover] { return stage.database.leftover_may_go(leftover); };
  return run<bool>("leftover_may_go", std::move(work));
}

Store::Answer<bool> Store::end_leftover(const db::LeftoverClaim& leftover, bool keep) {
  auto work = [&stage = stage_, leftover, keep] {
    stage.database.end_leftover(leftover, keep);
    stage.tell(fmt::format("the leftover {} of {} is {}", leftover.object, leftover.resource_id,
                           keep ? "kept" : "gone"));
    return true;
  };
  return run<bool>("end_leftover", std::move(work));
}

Store::Answer<std::optional<Milliseconds>> Store::next_leftover() {
  auto work = [&stage = stage_] { return stage.database.next_leftover(stage.world.now()); };
  return run<std::optional<Milliseconds>>("next_leftover", std::move(work));
}

Store::Answer<int> Store::heartbeat(db::DaemonReport) {
  auto work = [&stage = stage_, daemon = daemon_] {
    return stage.database.heartbeat(daemon, stage.world.now());
  };
  return run<int>("heartbeat", std::move(work));
}

Store::Answer<bool> Store::leave() {
  auto work = [&stage = stage_, daemon = daemon_] { return stage.database.leave(daemon); };
  return run<bool>("leave", std::move(work));
}

Store::Answer<std::string> Store::installation_id() {
  return run<std::string>("installation_id", [] { return std::string(installation); });
}

std::optional<TimePoint> Store::claimed_at(int64_t resource_id) const {
  for (const auto& [token, held] : held_) {
    if (held.resource_id == resource_id) return held.asked_at;
  }
  return std::nullopt;
}

bool Store::ends_leftover(int64_t resource_id, const std::string& object_id) const {
  return std::any_of(leftovers_.begin(), leftovers_.end(), [&](const auto& leftover) {
    return leftover.resource_id == resource_id &&
           (leftover.remote_id.empty() || leftover.remote_id == object_id);
  });
}

}  // namespace vapisync::sim
