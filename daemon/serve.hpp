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
#include "base/random.hpp"
#include "base/secret.hpp"
#include "config/config.hpp"
#include "db/engine_store.hpp"
#include "db/listener.hpp"
#include "db/pool.hpp"
#include "db/session.hpp"
#include "sync/credentials.hpp"
#include "sync/dispatcher.hpp"
#include "sync/inventory.hpp"
#include "sync/janitor.hpp"
#include "sync/resyncer.hpp"
#include "sync/syncer.hpp"

namespace vapisync {

class Daemon {
 public:
  Daemon(const config::Config& config, Secret platform_key, std::optional<Sealer> sealer,
         boost::asio::io_context& context);

  /// Returns the process's exit code.
  int run();

 private:
  boost::asio::awaitable<void> live();
  /// False when there is no point in waiting for it.
  boost::asio::awaitable<bool> wait_for_database();
  boost::asio::awaitable<bool> try_database(std::string& told);
  boost::asio::awaitable<bool> build_engine();
  void build_engine_for(const std::string& installation_id);
  sync::CredentialsOptions credentials_options();
  boost::asio::awaitable<void> drain_deadline();
  void stop();
  void abort();
  void detached(const Error& why);

  const config::Config& config_;
  boost::asio::io_context& context_;
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
  std::unique_ptr<db::Listener> listener_;
  Event stopped_;
  bool stopping_{false};
  int exit_code_{0};
};

}  // namespace vapisync
