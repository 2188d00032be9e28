#include "db/engine_store.hpp"

#include <map>

#include <pqxx/pqxx>

#include "db/engine_rows.hpp"
#include "db/engine_settle.hpp"

namespace vapisync::db {
namespace {

constexpr Milliseconds daemon_silence{15'000};  ///< then its part of the limits goes to the others

std::vector<Claim> claim_blocking(Connection& connection, const ClaimRequest& request,
                                  const PostgresStoreOptions& options, int64_t fallback,
                                  TimePoint asked_at) {
  std::vector<std::string> orgs;
  std::vector<int> wanted;
  for (const auto& share : request.shares) {
    orgs.push_back(share.org_id);
    wanted.push_back(share.rows);
  }
  const auto rows = connection.call("claim", array_literal(orgs), array_literal(wanted),
                                    options.daemon_id, request.lease.count(), request.rows_per_org,
                                    array_literal(options.kinds), request.rows);
  std::map<int64_t, Claim> taken;
  std::vector<int64_t> ids;
  std::vector<int64_t> open_ids;
  const Columns claim_columns(rows);
  for (const auto& row : rows) {
    Claim claim = claim_from_row({row, claim_columns});
    claim.lease_end = asked_at + request.lease;
    ids.push_back(claim.resource_id);
    if (claim.open) open_ids.push_back(claim.resource_id);
    taken.emplace(claim.resource_id, std::move(claim));
  }
  std::vector<Claim> claims;
  if (ids.empty()) return claims;
  claims.reserve(ids.size());
  const auto facts =
      connection.call("facts", array_literal(ids), array_literal(open_ids), fallback);
  const Columns columns(facts);
  for (const auto& row : facts) {
    Claim& claim = taken.at(row[columns["resource_id"]].as<int64_t>());
    add_facts(claim, {row, columns});
    claims.push_back(std::move(claim));
  }
  return claims;
}

class PostgresStore final : public EngineStore {
 public:
  PostgresStore(Pool& pool, Clock& clock, PostgresStoreOptions options)
      : pool_(pool), clock_(clock), options_(std::move(options)) {}

  Answer<std::vector<ReadyOrg>> sweep(SweepRequest request) override {
    auto work = [request = std::move(request),
                 fallback = default_credential_](Connection& connection) {
      std::vector<ReadyOrg> orgs;
      const auto rows = connection.call("sweep", request.after_org, request.limit, fallback,
                                        array_literal(request.resources));
      const Columns columns(rows);
      for (const auto& row : rows) orgs.push_back(ready_org_from_row({row, columns}));
      return orgs;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<std::vector<Claim>> claim(ClaimRequest request) override {
    const TimePoint asked_at = clock_.now();
    auto work = [this, request = std::move(request), fallback = default_credential_,
                 asked_at](Connection& connection) {
      return claim_blocking(connection, request, options_, fallback, asked_at);
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<std::vector<Receipt>> settle(const std::vector<Report>& reports) override {
    auto work = [this, &reports](Connection& connection) {
      return settle_reports(connection, reports, options_);
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<bool> renew(int64_t resource_id, int64_t token, Milliseconds lease) override {
    auto work = [=](Connection& connection) {
      return !connection.call("renew", resource_id, token, lease.count()).empty();
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<std::vector<std::string>> wanted_keys(int64_t resource_id) override {
    auto work = [resource_id](Connection& connection) {
      std::vector<std::string> keys;
      for (const auto& row : connection.call("wanted_keys", resource_id)) {
        keys.push_back(row[0].as<std::string>());
      }
      return keys;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<int> wake_waiting(int64_t credential_id) override {
    auto work = [credential_id, fallback = default_credential_](Connection& connection) {
      const auto woken = connection.call("wake_waiting", credential_id, fallback);
      return static_cast<int>(woken.affected_rows());
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<bool> arm_bell(Milliseconds duration) override {
    auto work = [duration](Connection& connection) {
      connection.call("arm_bell", duration.count());
      return connection.call("writers_at_work").front()[0].as<bool>();
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<bool> silence_bell() override {
    auto work = [](Connection& connection) { return !connection.call("silence_bell").empty(); };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<int64_t> register_platform(std::string fingerprint, std::string base_url,
                                    bool all_orgs) override {
    auto work = [=](Connection& connection) {
      return connection.call("register_platform", fingerprint, base_url).front()[0].as<int64_t>();
    };
    auto id = co_await pool_.run(std::move(work));
    if (id && all_orgs) default_credential_ = *id;
    co_return id;
  }

  Answer<bool> pause_credential(int64_t id, std::string reason, Milliseconds duration) override {
    auto work = [=](Connection& connection) {
      return connection.call("pause_credential", id, reason, duration.count()).affected_rows() > 0;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<bool> resume_credential(int64_t id) override {
    auto work = [=](Connection& connection) {
      return connection.call("resume_credential", id).affected_rows() > 0;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<std::vector<CredentialRow>> load_credentials(std::vector<int64_t> ids) override {
    auto work = [ids = std::move(ids)](Connection& connection) {
      std::vector<CredentialRow> credentials;
      for (const auto& row : connection.call("load_credentials", array_literal(ids))) {
        credentials.push_back(credential_from_row(row));
      }
      return credentials;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<bool> learn_account(int64_t id, std::string account_id) override {
    auto work = [=](Connection& connection) {
      return connection.call("learn_account", id, account_id).affected_rows() > 0;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<bool> mark_by_name(int64_t id) override {
    auto work = [=](Connection& connection) {
      return connection.call("mark_by_name", id).affected_rows() > 0;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<std::vector<LeftoverClaim>> claim_leftovers(int limit, Milliseconds lease) override {
    auto work = [=](Connection& connection) {
      std::vector<LeftoverClaim> leftovers;
      for (const auto& row : connection.call("claim_leftovers", limit, lease.count())) {
        leftovers.push_back(leftover_from_row(row));
      }
      return leftovers;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<std::vector<std::string>> held_elsewhere(int64_t resource_id, Found found) override {
    auto work = [resource_id, found = std::move(found)](Connection& connection) {
      std::vector<std::string> held;
      for (const auto& row : connection.call("held_elsewhere", resource_id, found.account_id,
                                             found.kind, array_literal(found.remote_ids))) {
        held.push_back(row[0].as<std::string>());
      }
      return held;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<bool> leftover_may_go(const LeftoverClaim& leftover) override {
    auto work = [account = leftover.account_id, kind = leftover.kind, object = leftover.object,
                 kept = leftover.kept](Connection& connection) {
      const auto row = connection.call("leftover_may_go", account, kind, object, kept).front();
      return row[0].as<bool>();
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<bool> end_leftover(const LeftoverClaim& leftover, bool keep) override {
    auto work = [account = leftover.account_id, kind = leftover.kind, object = leftover.object,
                 keep](Connection& connection) {
      connection.call("end_leftover", account, kind, object, keep);
      return true;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<std::optional<Milliseconds>> next_leftover() override {
    auto work = [](Connection& connection) {
      const auto row = connection.call("next_leftover").front();
      return row[0].is_null() ? std::nullopt : std::optional(Milliseconds{row[0].as<int64_t>()});
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<std::optional<InventoryClaim>> claim_inventory(Milliseconds lease) override {
    auto work = [lease](Connection& connection) -> std::optional<InventoryClaim> {
      const auto rows = connection.call("claim_inventory", lease.count());
      if (rows.empty()) return std::nullopt;
      return InventoryClaim{rows.front()["credential_id"].as<int64_t>(),
                            rows.front()["fingerprint"].as<std::string>()};
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<int> record_inventory(std::string kind, std::vector<MarkedObject> objects) override {
    auto work = [kind = std::move(kind), objects = std::move(objects)](Connection& connection) {
      const auto recorded = connection.call("record_inventory", kind, objects_to_json(objects));
      return static_cast<int>(recorded.affected_rows());
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<bool> end_inventory(int64_t credential_id) override {
    auto work = [credential_id](Connection& connection) {
      return connection.call("end_inventory", credential_id).affected_rows() > 0;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<int> heartbeat(DaemonReport report) override {
    auto work = [this, report](Connection& connection) {
      const auto row = connection
                           .call("heartbeat", options_.daemon_id, VAPISYNC_VERSION,
                                 daemon_silence.count(), daemon_report_to_json(report))
                           .front();
      return row[0].as<int>();
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<bool> leave() override {
    auto work = [this](Connection& connection) {
      return connection.call("leave", options_.daemon_id).affected_rows() > 0;
    };
    co_return co_await pool_.run(std::move(work));
  }

  Answer<std::string> installation_id() override {
    auto work = [](Connection& connection) {
      return connection.call("installation").front()[0].as<std::string>();
    };
    co_return co_await pool_.run(std::move(work));
  }

 private:
  Pool& pool_;
  Clock& clock_;
  PostgresStoreOptions options_;
  int64_t default_credential_{0};  ///< of orgs that have none of their own; 0: those wait
};

}  // namespace

std::unique_ptr<EngineStore> make_postgres_store(Pool& pool, Clock& clock,
                                                 PostgresStoreOptions options) {
  return std::make_unique<PostgresStore>(pool, clock, std::move(options));
}

}  // namespace vapisync::db
