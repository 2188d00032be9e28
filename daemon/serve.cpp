#include "serve.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/spawn.hpp"
#include "commands.hpp"
#include "config/database_url.hpp"
#include "config/secret_file.hpp"
#include "db/migrator.hpp"
#include "signals.hpp"
#include "vapi/kinds.hpp"

namespace vapisync {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds database_pause_first{100};
constexpr Milliseconds database_pause_max{2'000};

std::string daemon_id(Random& random) {
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  return fmt::format("{}:{}:{}", host, getpid(), random.hex(6));
}

vapi::ClientOptions client_options(const config::Config& config, const Secret& key) {
  vapi::ClientOptions options;
  options.key = key;
  options.request_timeout = config.vapi.request_timeout;
  options.limits.rate_per_second = config.vapi.rate_per_second;
  options.limits.burst = config.vapi.burst;
  options.limits.in_flight = config.vapi.in_flight;
  options.limits.backoff = {config.retry.base, config.retry.max};
  return options;
}

sync::DispatcherOptions dispatcher_options(const config::Engine& engine) {
  sync::DispatcherOptions options;
  options.in_flight = engine.in_flight;
  options.in_flight_per_org = engine.in_flight_per_org;
  options.batch = engine.batch;
  options.lease = engine.lease;
  options.poll_max = engine.poll_max;
  return options;
}

std::vector<std::string> known_kinds() {
  const auto names = vapi::kind_names();
  return {names.begin(), names.end()};
}

}  // namespace

Daemon::Daemon(const config::Config& config, Secret key, std::unique_ptr<http::Transport> transport,
               asio::io_context& context)
    : config_(config),
      context_(context),
      clock_(make_real_clock(context.get_executor())),
      daemon_id_(daemon_id(random_)),
      key_(std::move(key)),
      transport_(std::move(transport)),
      pool_(config.database.url, config.database.pool, db::prepare_engine),
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
    spawn(executor, credential_->run(), "credential_keeper");
    spawn(executor, listener_->run(), "listener");
    spawn(executor, dispatcher_->run(), "dispatcher");
    log::info("serve.ready", {{"daemon", daemon_id_}});
    if (stopping_) dispatcher_->stop();
    co_await dispatcher_->recorder().run();  // ends last: when every outcome is written
    listener_->stop();
    credential_->stop();
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
  auto check = [](pqxx::connection& connection) -> std::optional<Error> {
    const auto checked = db::check_schema(connection);
    if (checked) return std::nullopt;
    return checked.error();
  };
  const auto checked = co_await pool_.run(check);
  if (checked && !checked->has_value()) co_return true;
  const Error& why = checked ? **checked : checked.error();
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
  const auto& vapi = config_.vapi;
  store_ = db::make_postgres_store(
      pool_, *clock_, db::PostgresStoreOptions{daemon_id_, known_kinds(), vapi.open_window()});
  const auto installation = co_await store_->installation_id();
  const std::string fingerprint =
      json::sha256_hex(vapi.base_url + "\n" + key_.reveal()).substr(0, 32);
  const auto credential = co_await store_->register_credential(fingerprint, vapi.base_url);
  if (!installation || !credential) {
    const Error& why = installation ? credential.error() : installation.error();
    log::failure(log::Level::error, "serve.impossible", why);
    exit_code_ = commands::exit_error;
    co_return false;
  }

  credential_ = std::make_unique<sync::CredentialKeeper>(*store_, *clock_, *credential);
  vapi::ClientEvents events;
  events.paused = [this](const Error& why, Milliseconds pause) { credential_->paused(why, pause); };
  events.outage = [this](const Error& why) { credential_->outage(why); };
  events.recovered = [this] {
    credential_->recovered();
    dispatcher_->ring();
  };
  client_ = std::make_unique<vapi::Client>(*transport_, *clock_, random_,
                                           client_options(config_, key_), std::move(events));
  sync::SyncerOptions syncer_options{*installation, vapi.open_window(), config_.engine.lease,
                                     core::RetryPolicy{config_.retry.base, config_.retry.max},
                                     config_.retry.max_attempts};
  syncer_ = std::make_unique<sync::Syncer>(*client_, *store_, *clock_, random_,
                                           std::move(syncer_options));
  dispatcher_ = std::make_unique<sync::Dispatcher>(
      context_.get_executor(),
      sync::DispatcherParts{*store_, *clock_, *client_, *syncer_, *credential_},
      dispatcher_options(config_.engine));
  listener_ = std::make_unique<db::Listener>(config_.database.listen_url, *clock_,
                                             [this] { dispatcher_->ring(); });
  dispatcher_->set_listening([this] { return listener_->listening(); });
  co_return true;
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
  context_.stop();
}

void Daemon::abort() {
  log::warning("serve.aborted", {{"hint", "leases end by themselves; nothing is lost"}});
  std::_Exit(commands::exit_error);
}

namespace commands {

int serve(const config::Config& config) {
  constexpr std::string_view needed[] = {"database.url", "vapi.platform_key_file"};
  if (auto complete = config::require(config, needed); !complete) return fail(complete.error(), {});
  log::configure(config.log.level, config.log.format);
  auto key = config::read_secret_file(config.vapi.platform_key_file);
  if (!key) return fail(key.error(), {});
  auto origin = http::parse_origin(config.vapi.base_url);
  if (!origin) return fail(origin.error(), {});

  // libpq's own names for what a connection string may leave out.
  setenv("PGCONNECT_TIMEOUT", "5", 0);
  setenv("PGAPPNAME", "vapisync", 0);
  asio::io_context context(1);
  http::ClientOptions options;
  options.origin = std::move(*origin);
  options.user_agent = std::string("vapisync/") + VAPISYNC_VERSION;
  options.idle_connections_max = static_cast<size_t>(config.engine.in_flight);
  auto transport = http::make_client(context.get_executor(), std::move(options));
  if (!transport) return fail(transport.error(), {});
  Daemon daemon(config, std::move(*key), std::move(*transport), context);
  return daemon.run();
}

}  // namespace commands
}  // namespace vapisync
