#pragma once
// Finds the orgs with due work, lets them take turns as far as slots and their credentials' gates
// allow, and starts a syncer for each claim. Sleeps until the doorbell rings, something it knows of
// is due, or the safety poll. Single-threaded.
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "core/fair_queue.hpp"
#include "db/engine_store.hpp"
#include "sync/credentials.hpp"
#include "sync/doorbell.hpp"
#include "sync/engine_metrics.hpp"
#include "sync/recorder.hpp"
#include "sync/syncer.hpp"

namespace vapisync::sync {

struct DispatcherOptions {
  int in_flight{256};
  int in_flight_per_org{16};
  int batch{200};
  Milliseconds lease{60'000};
  Milliseconds poll_max{5'000};
  Milliseconds overdue_after{900'000};  ///< a save that waits longer is reported
};

struct DispatcherParts {
  db::EngineStore& store;
  Clock& clock;
  Credentials& credentials;
  Syncer& syncer;
  EngineMetrics metrics{};
};

class Dispatcher {
 public:
  Dispatcher(boost::asio::any_io_executor executor, DispatcherParts parts,
             DispatcherOptions options);

  /// Claims until `stop`, then returns when every claim is recorded, and stops the recorder.
  boost::asio::awaitable<void> run();
  void stop();

  /// From now on; the lease stays.
  void set_options(DispatcherOptions options) { options_ = options; }

  /// The doorbell, or anything else that may have made work due: of one resource, or of any.
  void ring(std::optional<int64_t> resource_id = {});
  /// Whether somebody would hear the bell; without it the safety poll must be quick.
  void set_listening(std::function<bool()> listening) { listening_ = std::move(listening); }

  /// Called when a remote object was listed that may have to go.
  void set_leftover_listed(std::function<void()> listed) { leftover_listed_ = std::move(listed); }

  Recorder& recorder() { return recorder_; }
  [[nodiscard]] int in_flight() const { return in_flight_; }
  /// Since when nothing could be claimed, though there may be work.
  [[nodiscard]] std::optional<TimePoint> unclaimed_since() const { return unclaimed_since_; }

 private:
  static constexpr Milliseconds poll_min{100};
  static constexpr Milliseconds rush_pause{3};  ///< more may be on its way
  using Shares = std::vector<core::Share>;

  Recorder::Events recorder_events();
  [[nodiscard]] int free_slots() const;
  [[nodiscard]] bool must_look() const;
  boost::asio::awaitable<Result<bool>> look();
  boost::asio::awaitable<Result<bool>> sweep();
  boost::asio::awaitable<Result<std::vector<db::ReadyOrg>>> find(db::SweepRequest request);
  void take_in(const std::vector<db::ReadyOrg>& orgs);
  void tell_about_key(const db::ReadyOrg& org);
  Shares deal(int slots);
  boost::asio::awaitable<Result<int>> claim(Shares shares, int slots);
  void leave_out(const std::string& org, int counted);
  using Promises = std::vector<std::pair<std::shared_ptr<Credential>, int>>;
  [[nodiscard]] Promises promise(const Shares& shares) const;
  void start(db::Claim claim);
  void give_back(db::Claim claim);
  boost::asio::awaitable<void> work_on(std::unique_ptr<db::Claim> claim,
                                       std::shared_ptr<Credential> credential);
  void recorded(const db::Report& report, const db::Receipt& receipt);

  boost::asio::awaitable<void> one_round();
  boost::asio::awaitable<void> rest();
  boost::asio::awaitable<void> look_soon();
  boost::asio::awaitable<bool> bell_is_armed();
  boost::asio::awaitable<void> wait_until(TimePoint t);
  void could_not_claim() { unclaimed_since_ = unclaimed_since_.value_or(parts_.clock.now()); }
  boost::asio::awaitable<void> beat();
  boost::asio::awaitable<void> wait_out(const Error& error);
  TimePoint next_due(TimePoint at_latest);

  boost::asio::any_io_executor executor_;
  DispatcherParts parts_;
  DispatcherOptions options_;
  Recorder recorder_;
  Doorbell doorbell_;
  Event wake_;
  std::function<bool()> listening_;
  std::function<void()> leftover_listed_;
  core::FairQueue queue_;
  std::priority_queue<TimePoint, std::vector<TimePoint>, std::greater<>> due_;
  std::set<std::string> without_key_;  ///< orgs that were told of
  TimePoint gate_opens_;       ///< the earliest moment at which a closed gate lets somebody through
  std::vector<int64_t> rung_;  ///< resources that have become due
  TimePoint sweep_at_{};
  std::string sweep_after_;     ///< how far the sweep under way has come; empty: none is
  Milliseconds sweep_pause_{};  ///< to be made after it
  TimePoint beat_at_{};
  std::optional<TimePoint> unclaimed_since_;
  struct Held {
    int count{0};
    bool hides_more{false};  ///< more may be due than a claim can see: the org must come back
  };
  std::unordered_map<std::string, Held> held_;  ///< by org, what is claimed and not recorded
  int daemons_{1};
  int in_flight_{0};
  int failures_{0};
  Milliseconds poll_;
  TimePoint beaten_at_{};
  int synced_{0};         ///< since then
  bool collided_{false};  ///< another daemon took all that the last claim looked at
  bool found_{false};     ///< something, since it last came to rest
  bool in_rush_{false};   ///< and more had come soon after
  bool stopping_{false};
};

}  // namespace vapisync::sync
