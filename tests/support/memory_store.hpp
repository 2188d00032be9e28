#pragma once
// The engine's store in memory, as far as unit tests of the engine need one: claims are queued by
// the test, reports are kept, and each statement can be made to fail.
#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "db/engine_store.hpp"

namespace vapisync::test {

class MemoryStore final : public db::EngineStore {
 public:
  /// What a statement answers while the database is away.
  static Error away() { return make_error(Verdict::retry, "db_connection", "no connection"); }

  Answer<std::vector<db::ReadyOrg>> sweep(db::SweepRequest request) override {
    ++sweeps_asked;
    looked_for.push_back(request.resources);
    if (down) co_return away();
    std::set<std::string> orgs;
    for (const auto& claim : due) {
      const auto& asked = request.resources;
      const bool is_asked =
          asked.empty() || std::ranges::find(asked, claim.resource_id) != asked.end();
      if (is_asked && claim.org_id > request.after_org) orgs.insert(claim.org_id);
    }
    std::vector<db::ReadyOrg> out;
    out.reserve(orgs.size());
    for (const auto& org : orgs) {
      if (out.size() == static_cast<size_t>(request.limit)) break;
      out.push_back({org, 1, "fingerprint", Milliseconds{0}, false, key_paused});
    }
    co_return out;
  }

  Answer<std::vector<db::Claim>> claim(db::ClaimRequest request) override {
    if (claims_asked++ == 0) sweeps_before_claims = sweeps_asked;
    if (down) co_return away();
    std::vector<db::Claim> out;
    for (auto& share : request.shares) {
      // A claim sees an org's first rows only, leased ones included.
      int& leased = leased_of[share.org_id];
      share.rows = std::min(
          {share.rows, request.rows_per_org - leased, request.rows - static_cast<int>(out.size())});
      for (auto it = due.begin(); it != due.end() && share.rows > 0;) {
        if (it->org_id != share.org_id) {
          ++it;
          continue;
        }
        out.push_back(std::move(*it));
        out.back().credential_id = credential_of_claims;
        it = due.erase(it);
        --share.rows;
        ++leased;
      }
    }
    co_return out;
  }

  Answer<std::vector<db::Receipt>> settle(const std::vector<db::Report>& reports) override {
    if (down) co_return away();
    batches.push_back(reports.size());
    std::vector<db::Receipt> receipts;
    for (const auto& report : reports) {
      int& held = held_times[report.claim->resource_id];
      const bool skip = held > 0;
      if (skip) --held;
      if (!skip) {
        settled.push_back(report.claim->resource_id);
        --leased_of[report.claim->org_id];
      }
      receipts.push_back({skip ? db::Recorded::held : db::Recorded::done, false});
    }
    co_return receipts;
  }

  Answer<bool> renew(int64_t resource_id, int64_t, Milliseconds) override {
    if (down) co_return away();
    if (before_renewal) co_await before_renewal();
    renewed.push_back(resource_id);
    co_return renewals_succeed;
  }

  Answer<std::vector<std::string>> wanted_keys(int64_t) override {
    if (down) co_return away();
    co_return keys_ever_wanted;
  }
  Answer<int> wake_waiting(int64_t) override { co_return 0; }
  Answer<bool> arm_bell(Milliseconds) override {
    if (down) co_return away();
    co_return false;
  }
  Answer<bool> silence_bell() override {
    ++silenced;
    co_return true;
  }
  Answer<int64_t> register_platform(std::string, std::string, bool) override { co_return 1; }
  Answer<std::vector<db::CredentialRow>> load_credentials(std::vector<int64_t> ids) override {
    if (down) co_return away();
    std::vector<db::CredentialRow> rows;
    rows.reserve(ids.size());
    for (const int64_t id : ids) {
      rows.push_back({id, true, "fingerprint", "http://vapi.test", "", ""});
    }
    co_return rows;
  }
  Answer<bool> learn_account(int64_t, std::string account_id) override {
    if (down) co_return away();
    accounts.push_back(std::move(account_id));
    co_return true;
  }
  Answer<bool> mark_by_name(int64_t) override { co_return true; }
  Answer<std::vector<db::LeftoverClaim>> claim_leftovers(int, Milliseconds) override {
    if (down) co_return away();
    co_return std::exchange(leftovers, {});
  }
  Answer<std::vector<std::string>> held_elsewhere(int64_t, db::Found) override {
    if (down) co_return away();
    co_return held_by_others;
  }
  Answer<bool> leftover_may_go(const db::LeftoverClaim&) override {
    if (down) co_return away();
    co_return leftovers_may_go;
  }
  Answer<bool> end_leftover(const db::LeftoverClaim& leftover, bool keep) override {
    if (down) co_return away();
    (keep ? kept_leftovers : ended_leftovers).push_back(leftover.object);
    co_return true;
  }
  Answer<std::optional<Milliseconds>> next_leftover() override { co_return std::nullopt; }
  Answer<std::optional<db::InventoryClaim>> claim_inventory(Milliseconds) override {
    co_return std::nullopt;
  }
  Answer<int> record_inventory(std::string, std::vector<db::MarkedObject>) override { co_return 0; }
  Answer<bool> end_inventory(int64_t) override { co_return true; }
  Answer<int> heartbeat(db::DaemonReport report) override {
    reported = report;
    if (down) co_return away();
    ++beats;
    co_return daemons;
  }
  Answer<bool> leave() override {
    if (down) co_return away();
    daemons = 0;
    co_return true;
  }
  Answer<bool> pause_credential(int64_t, std::string reason, Milliseconds) override {
    if (down) co_return away();
    pauses.push_back(std::move(reason));
    key_paused = true;
    co_return true;
  }
  Answer<bool> resume_credential(int64_t) override {
    if (down) co_return away();
    pauses.emplace_back("resumed");
    key_paused = false;
    co_return true;
  }
  Answer<std::string> installation_id() override { co_return "inst"; }

  std::deque<db::Claim> due;             ///< what the next claims take
  std::map<std::string, int> leased_of;  ///< by org, to any daemon
  std::map<int64_t, int> held_times;     ///< how often a writer still holds this resource
  std::vector<std::string> keys_ever_wanted;
  int64_t credential_of_claims{1};  ///< while a sweep says 1
  bool key_paused{false};           ///< its row says so
  bool down{false};
  bool renewals_succeed{true};
  std::function<boost::asio::awaitable<void>()> before_renewal;

  int daemons{1};

  db::DaemonReport reported;
  int beats{0};
  int sweeps_asked{0};
  std::vector<std::vector<int64_t>> looked_for;  ///< by each sweep; empty: all
  int silenced{0};  ///< how often writers were told that they need not ring
  int claims_asked{0};
  int sweeps_before_claims{0};
  std::vector<size_t> batches;   ///< reports in each statement
  std::vector<int64_t> settled;  ///< resource ids, in order
  std::vector<int64_t> renewed;
  std::vector<std::string> pauses;
  std::vector<std::string> accounts;
  std::vector<std::string> held_by_others;   ///< remote ids
  bool leftovers_may_go{true};               ///< when asked right before
  std::vector<db::LeftoverClaim> leftovers;  ///< what the next claim of them takes
  std::vector<std::string> kept_leftovers;
  std::vector<std::string> ended_leftovers;
};

}  // namespace vapisync::test
