// HUP: settings that are limits change while the daemon works; others are named, and wait for a
// restart. A configuration that is wrong changes nothing.
#include <algorithm>
#include <csignal>
#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "notify.hpp"
#include "serve.hpp"
#include "serve_options.hpp"

namespace vapisync {

namespace asio = boost::asio;

namespace {

constexpr std::string_view live_keys[] = {
    "log.level",          "vapi.rate_per_second",     "vapi.burst",   "vapi.in_flight",
    "engine.in_flight",   "engine.in_flight_per_org", "engine.batch", "engine.drain_ms",
    "engine.poll_max_ms", "retry.overdue_after_s"};

}  // namespace

asio::awaitable<void> Daemon::reload_on_hangup() {
  asio::signal_set hangup(context_, SIGHUP);
  while (true) {
    co_await hangup.async_wait(asio::as_tuple(asio::use_awaitable));
    notify::reloading();
    reload();
    // Systemd takes it for the end of a reload, and of nothing else, once the daemon had started.
    if (started_) notify::ready();
  }
}

void Daemon::reload() {
  const auto loaded = load_();
  if (!loaded) {
    log::failure(log::Level::error, "serve.reload_refused", loaded.error(),
                 "the settings stay as they were");
    return;
  }
  std::vector<std::string> changed;
  std::vector<std::string> left;
  for (auto& key : config::differing_keys(config_, *loaded)) {
    const bool is_live = std::ranges::find(live_keys, key) != std::end(live_keys);
    if (is_live) config::copy_key(config_, *loaded, key);
    (is_live ? changed : left).push_back(std::move(key));
  }
  log::set_level(config_.log.level);
  if (credentials_) credentials_->set_limits(gate_limits(config_));
  if (dispatcher_) dispatcher_->set_options(dispatcher_options(config_));
  if (dispatcher_) dispatcher_->ring();
  log::info("serve.reloaded", {{"changed", fmt::format("{}", fmt::join(changed, " "))}});
  if (left.empty()) return;
  log::warning("serve.reload_needs_restart",
               {{"keys", fmt::format("{}", fmt::join(left, " "))},
                {"message", "these settings changed too, and need a restart"}});
}

}  // namespace vapisync
