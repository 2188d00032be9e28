#include <algorithm>
#include <fmt/format.h>

#include <pqxx/pqxx>

#include "base/json.hpp"
#include "support/conformance.hpp"
#include "support/database.hpp"

namespace vapisync::test {
namespace {

std::vector<std::string> texts(const pqxx::field& field) {
  std::vector<std::string> out;
  const auto parsed = *json::parse(field.as<std::string>("[]"));
  for (const auto& item : parsed.GetArray()) out.emplace_back(json::text(item));
  return out;
}

class PostgresBench final : public Bench {
 public:
  PostgresBench() {
    pqxx::nontransaction tx(admin_);
    tx.exec_params("UPDATE vapisync.agent_defaults SET document = $1",
                   MemoryDatabase::Options{}.agent_default);
  }
  void save(const SaveRequest& request) override {
    std::string changes;
    for (const Change& change : request.changes) {
      if (!changes.empty()) changes += ',';
      changes += fmt::format(R"({{"kind":"{}","key":"{}")", change.kind, change.key);
      switch (change.op) {
        case Change::Op::ask: changes += R"(,"ask":)" + change.document; break;
        case Change::Op::put: changes += R"(,"payload":)" + change.document; break;
        case Change::Op::remove: changes += R"(,"op":"delete")"; break;
      }
      changes += '}';
    }
    pqxx::nontransaction tx(admin_);
    tx.exec_params("SELECT vapisync.save($1, $2, $3::jsonb, $4)", request.org_id,
                   request.request_id, "[" + changes + "]",
                   request.on_reject == OnReject::hold ? "hold" : "rollback");
  }
  void touch(const std::string& org, const std::string& key) override {
    pqxx::work tx(admin_);
    tx.exec_params(
        "UPDATE vapisync.resources SET generation = generation + 1, last_error = NULL"
        " WHERE org_id = $1 AND key = $2",
        org, key);
    tx.exec_params(
        "SELECT vapisync.ensure_work(org_id, kind, resource_id, remote_id IS NOT NULL)"
        " FROM vapisync.resources WHERE org_id = $1 AND key = $2",
        org, key);
    tx.commit();
  }
  void set_key(const std::string& org, const std::string& fingerprint,
               bool other_account) override {
    pqxx::nontransaction tx(admin_);
    tx.exec_params("SELECT vapisync.set_credential($1, $2, 'http://vapi.test', 'sealed', NULL, $3)",
                   org, fingerprint, other_account);
  }
  std::vector<db::Claim> claim(int rows, int rows_per_org) override {
    return engine_.claim(rows, rows_per_org, lease);
  }
  std::vector<db::Receipt> settle(const std::vector<db::Report>& reports) override {
    return engine_.settle(reports);
  }
  bool renew(const db::Claim& claim) override { return engine_.renew(claim); }
  std::vector<std::string> wanted_keys(const db::Claim& claim) override {
    return engine_.wait(engine_.store().wanted_keys(claim.resource_id)).value();
  }
  int wake_waiting() override { return engine_.wake_waiting(credential_); }
  void learn_account(const db::Claim& claim, const std::string& account) override {
    engine_.wait(engine_.store().learn_account(claim.credential_id, account)).value();
  }
  void pause(const db::Claim& claim, Milliseconds duration) override {
    engine_.wait(engine_.store().pause_credential(claim.credential_id, "refused", duration))
        .value();
  }
  std::vector<db::LeftoverClaim> claim_leftovers() override {
    return engine_.wait(engine_.store().claim_leftovers(20, lease)).value();
  }
  void end_leftover(const db::LeftoverClaim& leftover, bool keep) override {
    engine_.wait(engine_.store().end_leftover(leftover, keep)).value();
  }
  std::optional<Milliseconds> next_leftover() override {
    return engine_.wait(engine_.store().next_leftover()).value();
  }
  /// The database's clock can not be set, so everything that was is made older.
  void pass(Milliseconds time) override {
    pqxx::nontransaction tx(admin_);
    tx.exec_params(
        "UPDATE vapisync.work SET due_at = due_at - $1 * interval '1 ms',"
        " leased_until = leased_until - $1 * interval '1 ms',"
        " open_until = open_until - $1 * interval '1 ms'",
        time.count());
    tx.exec_params("UPDATE vapisync.leftovers SET due_at = due_at - $1 * interval '1 ms'",
                   time.count());
    tx.exec_params(
        "UPDATE vapisync.credentials SET paused_until = paused_until - $1 * interval '1 ms'",
        time.count());
  }

  View view(const std::string& org, const std::string& key) override {
    pqxx::nontransaction tx(admin_);
    const auto row = tx.exec_params1(
        "SELECT r.*, to_json(r.sent_keys) AS keys, w.resource_id IS NOT NULL AS has_work,"
        "  coalesce(w.due_at <= now(), false) AS is_due,"
        "  coalesce(w.leased_until > now(), false) AS is_leased,"
        "  w.open_until IS NOT NULL AS is_open, coalesce(w.attempts, 0) AS attempts,"
        "  (SELECT o.payload FROM vapisync.outbox o WHERE o.resource_id = r.resource_id"
        "    AND o.version = r.desired_version) AS wanted,"
        "  (SELECT json_agg(e.state ORDER BY e.version) FROM vapisync.entries e"
        "    WHERE e.resource_id = r.resource_id) AS states,"
        "  (SELECT json_agg(regexp_replace(l.object, '^[0-9a-f-]+/', '/') || ' ' || l.reason"
        "     || CASE WHEN l.due_at <= now() THEN ' due' WHEN l.due_at > now() THEN ' later'"
        "        ELSE '' END)"
        "    FROM vapisync.leftovers l"
        "    WHERE l.resource_id = r.resource_id) AS leftover_objects"
        " FROM vapisync.resources r LEFT JOIN vapisync.work w USING (resource_id)"
        " WHERE r.org_id = $1 AND r.key = $2",
        org, key);
    View out;
    out.desired = row["desired_version"].as<int64_t>();
    out.settled = row["settled_version"].as<int64_t>();
    out.live = row["live_version"].as<int64_t>();
    out.generation = row["generation"].as<int64_t>();
    out.remote_id = row["remote_id"].as<std::string>("");
    out.sent_keys = texts(row["keys"]);
    out.blocked = !row["last_error"].is_null();
    out.entries = texts(row["states"]);
    if (const auto wanted = row["wanted"].as<std::string>(""); !wanted.empty()) {
      out.wanted = json::canonical(*json::parse(wanted));
    }
    out.has_work = row["has_work"].as<bool>();
    out.is_due = row["is_due"].as<bool>();
    out.is_leased = row["is_leased"].as<bool>();
    out.is_open = row["is_open"].as<bool>();
    out.attempts = row["attempts"].as<int>();
    out.leftovers = texts(row["leftover_objects"]);
    std::sort(out.leftovers.begin(), out.leftovers.end());
    return out;
  }
  std::string save_state(const std::string& org, const std::string& request) override {
    pqxx::nontransaction tx(admin_);
    return tx
        .exec_params1("SELECT state FROM vapisync.saves WHERE org_id = $1 AND request_id = $2", org,
                      request)[0]
        .as<std::string>();
  }

 private:
  TestDatabase database_;
  pqxx::connection admin_ = database_.connect();
  Engine engine_{database_.url("app_daemon")};
  int64_t credential_ =
      engine_.wait(engine_.store().register_platform("fingerprint", "http://vapi.test", true))
          .value();
};

}  // namespace

std::unique_ptr<Bench> make_postgres_bench() {
  return std::make_unique<PostgresBench>();
}

}  // namespace vapisync::test
