#pragma once
// The composition root: builds every part of the daemon, starts them in order, and owns the order
// in which they stop. One thread runs all of it; only the database pool has threads of its own.
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "commands.hpp"
#include "config/config.hpp"
#include "core/health.hpp"
#include "db/engine_store.hpp"
#include "db/listener.hpp"
#include "db/pool.hpp"
#include "db/session.hpp"
#include "http/server.hpp"
#include "status_pages.hpp"
#include "sync/credentials.hpp"
#include "sync/dispatcher.hpp"
#include "sync/inventory.hpp"
#include "sync/janitor.hpp"
#include "sync/queue_watch.hpp"
#include "sync/resyncer.hpp"
#include "sync/syncer.hpp"
#include "vapi/request_metrics.hpp"

namespace vapisync {

/// What the daemon starts from.
struct DaemonInput {
  config::Config config;
  Secret platform_key;  ///< empty: there is none
  std::optional<Sealer> sealer;
  commands::LoadConfig load;  ///< for HUP
};

class Daemon {
 public:
  Daemon(DaemonInput input, boost::asio::io_context& context);

  /// Returns the process's exit code.
  int run();

 private:
  boost::asio::awaitable<void> live();
  void start_parts();
  void stop_parts();
  /// False when there is no point in waiting for it.
  boost::asio::awaitable<bool> wait_for_database();
  boost::asio::awaitable<bool> try_database();
  boost::asio::awaitable<bool> build_engine();
  void build_engine_parts(const std::string& installation_id);
  void build_helpers(const std::string& installation_id);
  sync::CredentialsOptions credentials_options();

  /// False when the address can't be listened on.
  bool open_pages();
  boost::asio::awaitable<http::ServerResponse> answer(http::ServerRequest request);
  std::string metrics_text();
  [[nodiscard]] core::Health health() const;
  boost::asio::awaitable<void> watch_itself();
  void tell_health(const core::Health& health);

  boost::asio::awaitable<void> reload_on_hangup();
  void reload();
  boost::asio::awaitable<void> drain_deadline();
  void stop();
  void abort();
  void detached(const Error& why);

  config::Config config_;
  commands::LoadConfig load_;
  boost::asio::io_context& context_;
  Metrics metrics_;
  vapi::RequestMetrics request_metrics_{metrics_};
  std::unique_ptr<Clock> clock_;
  Random random_;
  std::string daemon_id_;
  Secret platform_key_;
  std::optional<Sealer> sealer_;
  db::Admission admission_;
  db::Pool pool_;
  std::unique_ptr<db::EngineStore> store_;
  std::unique_ptr<sync::Credentials> credentials_;
  std::unique_ptr<sync::Syncer> syncer_;
  std::unique_ptr<sync::Dispatcher> dispatcher_;
  std::unique_ptr<sync::Resyncer> resyncer_;
  std::unique_ptr<sync::Janitor> janitor_;
  std::unique_ptr<sync::Inventory> inventory_;
  std::unique_ptr<sync::QueueWatch> queue_watch_;
  std::unique_ptr<db::Listener> listener_;
  StatusPages pages_;
  std::unique_ptr<http::Server> server_;
  Event stopped_;
  std::string waits_for_;  ///< why it has not started
  std::optional<TimePoint> unheard_since_;
  std::string told_status_;
  int looks_since_told_{0};
  bool told_ready_{true};
  bool started_{false};
  bool stopping_{false};
  int exit_code_{0};
};

}  // namespace vapisync
