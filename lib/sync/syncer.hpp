#pragma once
// Makes one resource equal: asks core::decide for the next step, carries it out, and ends with a
// report. One coroutine for each claimed resource; no lock, connection or transaction is held.
// Phases, each logged with the save's request id: validate, send, verify, record.
#include <span>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "core/retry_policy.hpp"
#include "db/engine_store.hpp"
#include "vapi/client.hpp"
#include "vapi/kinds.hpp"

namespace vapisync::sync {

struct SyncerOptions {
  std::string installation_id;  ///< goes into markers, so that installations never meet
  Milliseconds window{90'000};  ///< W: how long a lost request may still land
  Milliseconds lease{60'000};
  core::RetryPolicy retry;
  int attempts_max{50};
  std::span<const core::Kind> kinds{vapi::kinds()};
};

/// The Vapi account behind a credential.
struct Account {
  std::string id;         ///< empty while it is not known
  bool is_shared{false};  ///< several orgs use it that must not reach each other
};

class Syncer {
 public:
  Syncer(db::EngineStore& store, Clock& clock, Random& random, SyncerOptions options)
      : store_(store), clock_(clock), random_(random), options_(std::move(options)) {}

  /// `claim` must outlive the report.
  boost::asio::awaitable<db::Report> sync(const db::Claim& claim, vapi::Client& client,
                                          Account account);

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
