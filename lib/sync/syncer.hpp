#pragma once
// Makes one resource equal: asks core::decide for the next step, carries it out, and ends with a
// report. One coroutine for each claimed resource; no lock, connection or transaction is held.
// Phases, each logged with the save's request id: validate, send, verify, record.
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "core/retry_policy.hpp"
#include "db/engine_store.hpp"
#include "vapi/client.hpp"

namespace vapisync::sync {

struct SyncerOptions {
  std::string installation_id;  ///< goes into markers, so that installations never meet
  Milliseconds window{90'000};  ///< W: how long a lost request may still land
  Milliseconds lease{60'000};
  core::RetryPolicy retry;
  int attempts_max{50};
};

class Syncer {
 public:
  Syncer(db::EngineStore& store, Clock& clock, Random& random, SyncerOptions options)
      : store_(store), clock_(clock), random_(random), options_(std::move(options)) {}

  /// `account_id` is the credential's, empty while it is not known. `claim` must outlive the
  /// report.
  boost::asio::awaitable<db::Report> sync(const db::Claim& claim, vapi::Client& client,
                                          std::string account_id);

  /// From now on nothing new is sent: a claim that has not sent yet is released.
  void stop() { stopping_ = true; }

 private:
  friend class ResourceSync;

  db::EngineStore& store_;
  Clock& clock_;
  Random& random_;
  SyncerOptions options_;
  bool stopping_{false};
};

}  // namespace vapisync::sync
