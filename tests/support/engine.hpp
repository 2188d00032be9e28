#pragma once
// The Postgres engine store on a test's own database, with blocking calls.
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/clock.hpp"
#include "db/engine_store.hpp"
#include "db/session.hpp"
#include "support/run.hpp"

namespace vapisync::test {

class Engine {
 public:
  static constexpr Milliseconds window{60'000};

  explicit Engine(const std::string& url, const std::string& daemon_id = "test-daemon")
      : clock_(make_real_clock(context_.get_executor())),
        pool_(Secret(url), 2, db::prepare_engine),
        store_(db::make_postgres_store(
            pool_, *clock_, db::PostgresStoreOptions{daemon_id, {"assistant", "tool"}, window})) {}

  std::vector<db::ReadyOrg> sweep(std::string after_org = {}, int limit = 10'000) {
    db::SweepRequest request{std::move(after_org), limit};
    return run(context_, store_->sweep(std::move(request))).value();
  }

  /// Of every org that has due work, `rows` in all.
  std::vector<db::Claim> claim(int rows = 100, int rows_per_org = 100,
                               Milliseconds lease = Milliseconds{60'000}) {
    db::ClaimRequest request{{}, rows_per_org, lease};
    for (const auto& org : sweep()) {
      if (static_cast<int>(request.shares.size()) < rows)
        request.shares.push_back({org.org_id, rows});
    }
    return run(context_, store_->claim(std::move(request))).value();
  }

  db::EngineStore& store() { return *store_; }
  template <class T>
  T wait(boost::asio::awaitable<T> coroutine) {
    return run(context_, std::move(coroutine));
  }

  std::vector<db::Receipt> settle(const std::vector<db::Report>& reports) {
    return run(context_, store_->settle(reports)).value();
  }
  db::Receipt settle(const db::Report& report) { return settle(std::vector{report}).front(); }

  bool renew(const db::Claim& claim) {
    return run(context_, store_->renew(claim.resource_id, claim.token, window)).value();
  }
  int wake_waiting(int64_t credential_id) {
    return run(context_, store_->wake_waiting(credential_id)).value();
  }
  bool writer_at_work_when_arming(Milliseconds duration) {
    return run(context_, store_->arm_bell(duration)).value();
  }

 private:
  boost::asio::io_context context_{1};
  std::unique_ptr<Clock> clock_;
  db::Pool pool_;
  std::unique_ptr<db::EngineStore> store_;
};

inline db::Report report(const db::Claim& claim, db::Outcome outcome) {
  db::Report report;
  report.claim = &claim;
  report.outcome = outcome;
  report.remote = claim.remote;
  return report;
}

inline db::Report confirmed(const db::Claim& claim) {
  db::Report done = report(claim, db::Outcome::confirmed);
  done.remote.id = "remote-" + std::to_string(claim.resource_id);
  done.remote.account_id = "account";
  done.remote.marker = "attempt";
  done.remote.live_hash = "hash-" + std::to_string(claim.version);
  done.remote.sent_keys = {"name"};
  return done;
}

inline db::Report failed(const db::Claim& claim, db::Outcome outcome) {
  db::Report done = report(claim, outcome);
  done.error = make_error(Verdict::reject, "http_400", "voice must be a string", "voice");
  done.error->status = 400;
  done.phase = "send";
  return done;
}

}  // namespace vapisync::test
