#pragma once
// One daemon's way to the database: statements take their time, fail while the database is away,
// and now and then commit without an answer. A statement that left goes on when its daemon dies.
#include <memory>
#include <set>

#include "db/engine_store.hpp"
#include "sim/process.hpp"
#include "sim/stage.hpp"

namespace vapisync::sim {

/// What a daemon's surroundings ask before anything leaves it: it may die or freeze right there.
class Fate {
 public:
  virtual ~Fate() = default;
  virtual boost::asio::awaitable<void> strike(std::string_view where) = 0;
  /// Nothing is claimed while the breaker is open or the credential paused.
  [[nodiscard]] virtual bool may_claim(const std::string& org_id) const = 0;
};

class Store final : public db::EngineStore {
 public:
  Store(Stage& stage, Process& process, Fate& fate, std::string daemon)
      : stage_(stage), process_(process), fate_(fate), daemon_(std::move(daemon)) {}

  Answer<std::vector<db::ReadyOrg>> sweep(db::SweepRequest request) override;
  Answer<std::vector<db::Claim>> claim(db::ClaimRequest request) override;
  Answer<std::vector<db::Receipt>> settle(const std::vector<db::Report>& reports) override;
  Answer<bool> renew(int64_t resource_id, int64_t token, Milliseconds lease) override;
  Answer<std::vector<std::string>> wanted_keys(int64_t resource_id) override;
  Answer<int> wake_waiting(int64_t credential_id) override;
  Answer<bool> arm_bell(Milliseconds duration) override;
  Answer<bool> silence_bell() override;
  Answer<int64_t> register_platform(std::string fingerprint, std::string base_url,
                                    bool all_orgs) override;
  Answer<std::vector<db::CredentialRow>> load_credentials(std::vector<int64_t> ids) override;
  Answer<bool> learn_account(int64_t id, std::string account_id) override;
  Answer<bool> pause_credential(int64_t id, std::string reason, Milliseconds duration) override;
  Answer<bool> resume_credential(int64_t id) override;
  // No account refuses our metadata here.
  Answer<bool> mark_by_name(int64_t) override { co_return true; }
  Answer<std::vector<db::LeftoverClaim>> claim_leftovers(int limit, Milliseconds lease) override;
  Answer<std::vector<std::string>> held_elsewhere(int64_t resource_id, db::Found found) override;
  Answer<bool> leftover_may_go(const db::LeftoverClaim& leftover) override;
  Answer<bool> end_leftover(const db::LeftoverClaim& leftover, bool keep) override;
  Answer<std::optional<Milliseconds>> next_leftover() override;
  Answer<std::optional<db::InventoryClaim>> claim_inventory(Milliseconds) override {
    co_return std::nullopt;
  }
  Answer<int> record_inventory(std::string, std::vector<db::MarkedObject>) override { co_return 0; }
  Answer<bool> end_inventory(int64_t) override { co_return true; }
  Answer<int> heartbeat(db::DaemonReport) override;
  Answer<bool> leave() override;
  Answer<std::string> installation_id() override;

  /// When the oldest open claim of a resource was asked for; nothing when this daemon works on
  /// none.
  [[nodiscard]] std::optional<TimePoint> claimed_at(int64_t resource_id) const;
  /// Is this daemon about to delete this object as a leftover of the resource?
  [[nodiscard]] bool ends_leftover(int64_t resource_id, const std::string& object_id) const;

 private:
  template <class T>
  Answer<T> run(std::string_view name, std::function<T()> statement);
  Milliseconds latency();

  Stage& stage_;
  Process& process_;
  Fate& fate_;
  std::string daemon_;
  struct Held {
    int64_t resource_id{0};
    TimePoint asked_at;
  };
  std::map<int64_t, Held> held_;  ///< by token
  std::vector<db::LeftoverClaim> leftovers_;
};

}  // namespace vapisync::sim
