#include "serve.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "base/log.hpp"
#include "base/spawn.hpp"
#include "commands.hpp"
#include "config/database_url.hpp"
#include "secret_files.hpp"
#include "signals.hpp"
#include "vapi/key_identity.hpp"
#include "vapi/kinds.hpp"

namespace vapisync {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds database_pause_first{100};
constexpr Milliseconds database_pause_max{2'000};
/// When an outage ends somebody must find out soon, however long it was.
constexpr Milliseconds outage_pause_max{60'000};
constexpr int resync_due_max = 8;

std::string daemon_id(Random& random) {
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  return fmt::format("{}:{}:{}", host, getpid(), random.hex(6));
}

vapi::ClientOptions client_options(const config::Config& config) {
  vapi::ClientOptions options;
  options.request_timeout = config.vapi.request_timeout;
  options.limits.rate_per_second = config.vapi.rate_per_second;
  options.limits.burst = config.vapi.burst;
  options.limits.in_flight = config.vapi.in_flight;
  options.limits.backoff = {config.retry.base, std::min(config.retry.max, outage_pause_max)};
  return options;
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

}  // namespace

Daemon::Daemon(const config::Config& config, Secret platform_key, std::optional<Sealer> sealer,
               asio::io_context& context)
    : config_(config),
      context_(context),
      clock_(make_real_clock(context.get_executor())),
      daemon_id_(daemon_id(random_)),
      platform_key_(std::move(platform_key)),
      sealer_(std::move(sealer)),
      admission_(
          [this](const Error& why) { asio::post(context_, [this, why] { detached(why); }); }),
      pool_(config.database.url, config.database.pool,
            [this](db::Connection& connection) { admission_.admit(connection); }),
      stopped_(*clock_) {}

int Daemon::run() {
  Signals signals(
      context_, [this] { stop(); }, [this] { abort(); });
  spawn(context_.get_executor(), live(), "live");
  context_.run();
  return exit_code_;
}

asio::awaitable<void> Daemon::live() {
  log::info("serve.starting", {{"version", VAPISYNC_VERSION},
                               {"daemon", daemon_id_},
                               {"database", config::redact_url(config_.database.url)},
                               {"vapi", config_.vapi.base_url}});
  if (co_await wait_for_database() && co_await build_engine()) {
    const auto executor = context_.get_executor();
    spawn(executor, listener_->run(), "listener");
    spawn(executor, dispatcher_->run(), "dispatcher");
    spawn(executor, resyncer_->run(), "resyncer");
    spawn(executor, janitor_->run(), "janitor");
    spawn(executor, inventory_->run(), "inventory");
    log::info("serve.ready", {{"daemon", daemon_id_}});
    if (stopping_) dispatcher_->stop();
    co_await dispatcher_->recorder().run();  // ends last: when every outcome is written
    listener_->stop();
    resyncer_->stop();
    janitor_->stop();
    inventory_->stop();
    credentials_->stop();
  }
  log::info("serve.stopped", {{"daemon", daemon_id_}});
  context_.stop();
}

asio::awaitable<bool> Daemon::wait_for_database() {
  std::string told;
  Milliseconds pause = database_pause_first;
  while (!stopping_) {
    if (co_await try_database(told)) co_return true;
    if (exit_code_ != 0) co_return false;
    co_await stopped_.wait_until(clock_->now() + pause);
    pause = std::min(pause * 2, database_pause_max);
  }
  co_return false;
}

/// Says why not once for each reason, however long it waits.
asio::awaitable<bool> Daemon::try_database(std::string& told) {
  auto nothing = [](db::Connection&) { return true; };
  const auto connected = co_await pool_.run(nothing);  // admission says the rest
  if (connected) co_return true;
  const Error& why = connected.error();
  if (why.verdict == Verdict::invalid) {
    exit_code_ = commands::exit_error;
    log::failure(log::Level::error, "serve.impossible", why);
  } else if (why.message != told) {
    told = why.message;
    log::failure(log::Level::error, "serve.waiting", why, "the daemon keeps trying");
  }
  co_return false;
}

asio::awaitable<bool> Daemon::build_engine() {
  store_ =
      db::make_postgres_store(pool_, *clock_,
                              db::PostgresStoreOptions{daemon_id_, vapi::kind_names(vapi::kinds()),
                                                       config_.vapi.open_window()});
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
  build_engine_for(*installation);
  co_return true;
}

void Daemon::build_engine_for(const std::string& installation_id) {
  const auto executor = context_.get_executor();
  credentials_ = std::make_unique<sync::Credentials>(
      sync::CredentialsParts{executor, *store_, *clock_, random_}, credentials_options());
  sync::SyncerOptions syncer_options{
      installation_id, config_.vapi.open_window(), config_.engine.lease,
      core::RetryPolicy{config_.retry.base, config_.retry.max}, config_.retry.max_attempts};
  syncer_ = std::make_unique<sync::Syncer>(*store_, *clock_, random_, std::move(syncer_options));
  dispatcher_ = std::make_unique<sync::Dispatcher>(
      executor, sync::DispatcherParts{*store_, *clock_, *credentials_, *syncer_},
      dispatcher_options(config_));
  listener_ = std::make_unique<db::Listener>(config_.database.listen_url, *clock_,
                                             [this] { dispatcher_->ring(); });
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
  dispatcher_->set_leftover_listed([this] { janitor_->look(); });
  dispatcher_->set_listening([this] { return listener_->listening(); });
}

sync::CredentialsOptions Daemon::credentials_options() {
  sync::CredentialsOptions options;
  options.client = client_options(config_);
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

void Daemon::stop() {
  log::info("serve.stopping", {{"in_flight", dispatcher_ ? dispatcher_->in_flight() : 0},
                               {"drain_ms", config_.engine.drain.count()}});
  stopping_ = true;
  stopped_.set();
  if (dispatcher_) dispatcher_->stop();
  spawn(context_.get_executor(), drain_deadline(), "drain_deadline");
}

asio::awaitable<void> Daemon::drain_deadline() {
  co_await sleep_for(*clock_, config_.engine.drain);
  log::warning("serve.drain_timeout", {{"in_flight", dispatcher_ ? dispatcher_->in_flight() : 0},
                                       {"hint", "their leases end by themselves"}});
  // A database that does not answer holds its thread for good: nobody waits for it here.
  std::_Exit(exit_code_);
}

void Daemon::abort() {
  log::warning("serve.aborted", {{"hint", "leases end by themselves; nothing is lost"}});
  std::_Exit(commands::exit_error);
}

/// What this process knows of the database is not true any more.
void Daemon::detached(const Error& why) {
  if (exit_code_ != 0) return;
  exit_code_ = commands::exit_error;
  log::failure(log::Level::error, "serve.detached", why);
  if (!stopping_) stop();
}

namespace commands {

int serve(const config::Config& config) {
  constexpr std::string_view needed[] = {"database.url"};
  if (auto complete = config::require(config, needed); !complete) return fail(complete.error(), {});
  log::configure(config.log.level, config.log.format);
  auto platform_key = read_optional_secret(config.vapi.platform_key_file);
  if (!platform_key) return fail(platform_key.error(), {});
  auto sealer = read_sealer(config);
  if (!sealer) return fail(sealer.error(), {});

  asio::io_context context(1);
  Daemon daemon(config, std::move(*platform_key), std::move(*sealer), context);
  return daemon.run();
}

}  // namespace commands
}  // namespace vapisync
