// What the daemon is made of, and how the settings reach it.
#include "base/log.hpp"
#include "serve.hpp"
#include "serve_options.hpp"
#include "vapi/key_identity.hpp"
#include "vapi/kinds.hpp"

namespace vapisync {

namespace asio = boost::asio;

namespace {

/// When an outage ends somebody must find out soon, however long it was.
constexpr Milliseconds outage_pause_max{60'000};
constexpr int resync_due_max = 8;

}  // namespace

core::GateLimits gate_limits(const config::Config& config) {
  core::GateLimits limits;
  limits.rate_per_second = config.vapi.rate_per_second;
  limits.burst = config.vapi.burst;
  limits.in_flight = config.vapi.in_flight;
  limits.backoff = {config.retry.base, std::min(config.retry.max, outage_pause_max)};
  return limits;
}

sync::DispatcherOptions dispatcher_options(const config::Config& config) {
  const auto& engine = config.engine;
  sync::DispatcherOptions options;
  options.overdue_after = config.retry.overdue_after;
  options.in_flight = engine.in_flight;
  options.in_flight_per_org = engine.in_flight_per_org;
  options.batch = engine.batch;
  options.lease = engine.lease;
  options.poll_max = engine.poll_max;
  return options;
}

asio::awaitable<bool> Daemon::build_engine() {
  db::PostgresStoreOptions options{daemon_id_, vapi::kind_names(vapi::kinds()),
                                   config_.vapi.open_window(), db::StoreMetrics(metrics_)};
  store_ = db::make_postgres_store(pool_, *clock_, std::move(options));
  const auto installation = co_await store_->installation_id();
  std::optional<Error> failed;
  if (!installation) failed = installation.error();
  if (!failed && !platform_key_.empty()) {
    const auto& vapi = config_.vapi;
    const auto registered = co_await store_->register_platform(
        vapi::key_fingerprint(platform_key_, vapi.base_url), vapi.base_url,
        vapi.platform_orgs == config::PlatformOrgs::all);
    if (!registered) failed = registered.error();
  }
  if (failed) {
    log::failure(log::Level::error, "serve.impossible", *failed);
    exit_code_ = commands::exit_error;
    co_return false;
  }
  build_engine_parts(*installation);
  build_helpers(*installation);
  co_return true;
}

void Daemon::build_engine_parts(const std::string& installation_id) {
  const auto executor = context_.get_executor();
  credentials_ = std::make_unique<sync::Credentials>(
      sync::CredentialsParts{executor, *store_, *clock_, random_}, credentials_options());
  sync::SyncerOptions syncer_options{
      installation_id, config_.vapi.open_window(), config_.engine.lease,
      core::RetryPolicy{config_.retry.base, config_.retry.max}, config_.retry.max_attempts};
  syncer_ = std::make_unique<sync::Syncer>(*store_, *clock_, random_, std::move(syncer_options));
  dispatcher_ = std::make_unique<sync::Dispatcher>(
      executor,
      sync::DispatcherParts{*store_, *clock_, *credentials_, *syncer_,
                            sync::EngineMetrics(metrics_)},
      dispatcher_options(config_));
}

void Daemon::build_helpers(const std::string& installation_id) {
  listener_ = std::make_unique<db::Listener>(
      config_.database.listen_url, *clock_, [this](auto resource) { dispatcher_->ring(resource); });
  resyncer_ = std::make_unique<sync::Resyncer>(
      *clock_, config_.engine.poll_max,
      [this] { return db::touch_restored(pool_, resync_due_max); },
      [this] {
        dispatcher_->ring();
        inventory_->look();
      });
  janitor_ = std::make_unique<sync::Janitor>(*store_, *clock_, *credentials_,
                                             sync::JanitorOptions{installation_id});
  inventory_ = std::make_unique<sync::Inventory>(*store_, *clock_, *credentials_,
                                                 sync::InventoryOptions{installation_id});
  const bool for_all = config_.vapi.platform_orgs == config::PlatformOrgs::all;
  queue_watch_ = std::make_unique<sync::QueueWatch>(
      *clock_, metrics_, [this, for_all] { return db::read_queue_state(pool_, for_all); });
  dispatcher_->set_leftover_listed([this] { janitor_->look(); });
  dispatcher_->set_listening([this] { return listener_->listening(); });
}

sync::CredentialsOptions Daemon::credentials_options() {
  sync::CredentialsOptions options;
  options.client.request_timeout = config_.vapi.request_timeout;
  options.client.limits = gate_limits(config_);
  options.client.metrics = &request_metrics_;
  options.platform_key = platform_key_;
  options.sealer = sealer_;
  options.connect =
      [this](const std::string& base_url) -> Result<std::unique_ptr<http::Transport>> {
    auto origin = http::parse_origin(base_url);
    if (!origin) return origin.error();
    http::ClientOptions client;
    client.origin = std::move(*origin);
    client.user_agent = std::string("vapisync/") + VAPISYNC_VERSION;
    client.idle_connections_max = static_cast<size_t>(config_.engine.in_flight);
    return http::make_client(context_.get_executor(), std::move(client));
  };
  options.recovered = [this] { dispatcher_->ring(); };
  return options;
}

}  // namespace vapisync
