#pragma once
// Claims due work in batches, as much as slots and the credential's gate allow, and starts a syncer
// for each. Sleeps until the doorbell rings, something it knows of is due, or the safety poll.
// Single-threaded.
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "db/engine_store.hpp"
#include "sync/credential_keeper.hpp"
#include "sync/recorder.hpp"
#include "sync/syncer.hpp"
#include "vapi/client.hpp"

namespace vapisync::sync {

struct DispatcherOptions {
  int in_flight{256};
  int in_flight_per_org{16};
  int batch{200};
  Milliseconds lease{60'000};
  Milliseconds poll_max{5'000};
};

struct DispatcherParts {
  db::EngineStore& store;
  Clock& clock;
  vapi::Client& client;
  Syncer& syncer;
  CredentialKeeper& credential;
};

class Dispatcher {
 public:
  Dispatcher(boost::asio::any_io_executor executor, DispatcherParts parts,
             DispatcherOptions options);

  /// Claims until `stop`, then returns when every claim is recorded, and stops the recorder.
  boost::asio::awaitable<void> run();
  void stop();

  /// The doorbell, or anything else that may have made work due.
  void ring() { wake_.set(); }
  /// Whether somebody would hear the bell; without it the safety poll must be quick.
  void set_listening(std::function<bool()> listening) { listening_ = std::move(listening); }

  Recorder& recorder() { return recorder_; }
  [[nodiscard]] int in_flight() const { return in_flight_; }

 private:
  struct Capacity {
    int rows{0};
    TimePoint again;  ///< when rows is 0: look again then, or when something ends
  };
  Capacity capacity();
  boost::asio::awaitable<Result<int>> claim_and_start(int rows);
  void start(db::Claim claim);
  boost::asio::awaitable<void> work_on(std::unique_ptr<db::Claim> claim);
  void recorded(const db::Report& report, const db::Receipt& receipt);

  boost::asio::awaitable<void> rest(bool found);
  boost::asio::awaitable<bool> bell_is_armed(TimePoint now);
  TimePoint next_due(TimePoint at_latest);
  boost::asio::awaitable<void> wait_out(const Error& error);

  boost::asio::any_io_executor executor_;
  DispatcherParts parts_;
  DispatcherOptions options_;
  Recorder recorder_;
  Event wake_;
  std::function<bool()> listening_;
  std::string cursor_;  ///< the org after which the next claim begins
  std::priority_queue<TimePoint, std::vector<TimePoint>, std::greater<>> due_;
  int in_flight_{0};
  int failures_{0};
  Milliseconds poll_;
  TimePoint armed_until_{};
  Milliseconds nudge_{1};
  bool stopping_{false};
};

}  // namespace vapisync::sync
