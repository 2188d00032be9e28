// The life of the daemon: it waits for its database, works, and ends in order.
#include "serve.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "base/log.hpp"
#include "base/spawn.hpp"
#include "config/database_url.hpp"
#include "notify.hpp"
#include "secret_files.hpp"
#include "signals.hpp"

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

}  // namespace

Daemon::Daemon(DaemonInput input, asio::io_context& context)
    : config_(std::move(input.config)),
      load_(std::move(input.load)),
      context_(context),
      clock_(make_real_clock(context.get_executor())),
      daemon_id_(daemon_id(random_)),
      platform_key_(std::move(input.platform_key)),
      sealer_(std::move(input.sealer)),
      admission_(
          [this](const Error& why) { asio::post(context_, [this, why] { detached(why); }); }),
      pool_(config_.database.url, config_.database.pool,
            [this](db::Connection& connection) { admission_.admit(connection); }),
      stopped_(*clock_) {}

int Daemon::run() {
  Signals signals(
      context_, [this] { stop(); }, [this] { abort(); });
  if (!open_pages()) return commands::exit_error;
  const auto executor = context_.get_executor();
  spawn(executor, reload_on_hangup(), "reload_on_hangup");
  spawn(executor, watch_itself(), "watch_itself");
  spawn(executor, live(), "live");
  context_.run();
  return exit_code_;
}

asio::awaitable<void> Daemon::live() {
  log::info("serve.starting", {{"version", VAPISYNC_VERSION},
                               {"daemon", daemon_id_},
                               {"database", config::redact_url(config_.database.url)},
                               {"vapi", config_.vapi.base_url},
                               {"http_port", log::known(server_ ? server_->port() : 0)}});
  if (co_await wait_for_database() && co_await build_engine()) {
    start_parts();
    co_await dispatcher_->recorder().run();  // ends last: when every outcome is written
    stop_parts();
  }
  log::info("serve.stopped", {{"daemon", daemon_id_}});
  context_.stop();
}

void Daemon::start_parts() {
  const auto executor = context_.get_executor();
  spawn(executor, listener_->run(), "listener");
  spawn(executor, dispatcher_->run(), "dispatcher");
  spawn(executor, resyncer_->run(), "resyncer");
  spawn(executor, janitor_->run(), "janitor");
  spawn(executor, inventory_->run(), "inventory");
  spawn(executor, queue_watch_->run(), "queue_watch");
  started_ = true;
  log::info("serve.ready", {{"daemon", daemon_id_}});
  tell_health(health());
  notify::ready();
  if (stopping_) dispatcher_->stop();
}

void Daemon::stop_parts() {
  listener_->stop();
  resyncer_->stop();
  janitor_->stop();
  inventory_->stop();
  queue_watch_->stop();
  credentials_->stop();
}

asio::awaitable<bool> Daemon::wait_for_database() {
  Milliseconds pause = database_pause_first;
  while (!stopping_) {
    if (co_await try_database()) co_return true;
    if (exit_code_ != 0) co_return false;
    co_await stopped_.wait_until(clock_->now() + pause);
    pause = std::min(pause * 2, database_pause_max);
  }
  co_return false;
}

/// Says why not once for each reason, however long it waits.
asio::awaitable<bool> Daemon::try_database() {
  auto nothing = [](db::Connection&) { return true; };
  const auto connected = co_await pool_.run(nothing);  // admission says the rest
  if (connected) co_return true;
  const Error& why = connected.error();
  if (why.verdict == Verdict::invalid) {
    // Only a newer binary helps then; a right that is missing may be given any moment.
    const bool too_old = why.code == "schema_too_new";
    exit_code_ = too_old ? commands::exit_config : commands::exit_error;
    log::failure(log::Level::error, "serve.impossible", why);
  } else if (why.message != waits_for_) {
    waits_for_ = why.message;
    log::failure(log::Level::error, "serve.waiting", why, "the daemon keeps trying");
  }
  co_return false;
}

void Daemon::stop() {
  log::info("serve.stopping", {{"in_flight", dispatcher_ ? dispatcher_->in_flight() : 0},
                               {"drain_ms", config_.engine.drain.count()}});
  notify::stopping();
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
namespace {

/// Restarting would not help.
int refuse(const Error& why) {
  fail(why, {});
  return exit_config;
}

}  // namespace

int serve(const LoadConfig& load) {
  auto config = load();
  if (!config) return refuse(config.error());
  constexpr std::string_view needed[] = {"database.url"};
  if (auto complete = config::require(*config, needed); !complete) return refuse(complete.error());
  log::configure(config->log.level, config->log.format);
  auto platform_key = read_platform_key(*config);
  if (!platform_key) return refuse(platform_key.error());
  auto sealer = read_sealer(*config);
  if (!sealer) return refuse(sealer.error());

  asio::io_context context(1);
  DaemonInput input{std::move(*config), std::move(*platform_key), std::move(*sealer), load};
  Daemon daemon(std::move(input), context);
  return daemon.run();
}

}  // namespace commands
}  // namespace vapisync
