// What the daemon says of itself: to Prometheus, to whoever asks for its health, and to systemd.
#include <fmt/format.h>

#include "base/log.hpp"
#include "notify.hpp"
#include "serve.hpp"

namespace vapisync {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds look_every{1'000};
constexpr int looks_each_limit = 4;  ///< so that one that is late does no harm
constexpr int looks_each_status = 10;

constexpr Metrics::Family breakers{"vapisync_breaker_state",
                                   "Credentials by the state of their breaker, in this daemon."};
constexpr Metrics::Family ready{"vapisync_ready",
                                "1 while this daemon can make progress, as /readyz says."};
constexpr Metrics::Family degraded{
    "vapisync_degraded",
    "1 while something that is not this daemon's holds it up, as /readyz says."};
constexpr Metrics::Family reconnects{"vapisync_db_reconnects_total",
                                     "Database connections that took the place of a broken one."};

std::optional<Milliseconds> since(const Clock& clock, const std::optional<TimePoint>& began) {
  if (!began) return std::nullopt;
  return to_ms(clock.now() - *began);
}

std::string join(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, "; "));
}

}  // namespace

bool Daemon::open_pages() {
  pool_.count_reconnects(metrics_.counter(reconnects));
  pages_ = {[this] { return health(); }, [this] { return metrics_text(); }};
  if (!config_.http.is_on()) return true;
  auto handler = [this](http::ServerRequest request) { return answer(std::move(request)); };
  auto server = http::listen(context_.get_executor(), config_.http.listen, std::move(handler));
  if (!server) {
    log::failure(log::Level::error, "serve.impossible", server.error(),
                 "another daemon on this machine needs another http.listen");
    return false;
  }
  server_ = std::move(*server);
  return true;
}

asio::awaitable<http::ServerResponse> Daemon::answer(http::ServerRequest request) {
  co_return pages_.answer(request);
}

std::string Daemon::metrics_text() {
  const auto states = credentials_ ? credentials_->states() : sync::Credentials::States{};
  const auto show = [this](const char* state, int credentials) {
    metrics_.gauge(breakers, {{"state", state}}).set(credentials);
  };
  show("closed", states.closed);
  show("open", states.open);
  show("half_open", states.half_open);
  const auto found = health();
  metrics_.gauge(ready).set(found.ready() ? 1 : 0);
  metrics_.gauge(degraded).set(found.degraded.empty() ? 0 : 1);
  return metrics_.text();
}

core::Health Daemon::health() const {
  core::HealthFacts facts;
  facts.started = started_;
  facts.stopping = stopping_;
  facts.database = waits_for_;
  if (started_) {
    const auto& recorder = dispatcher_->recorder();
    const auto states = credentials_->states();
    facts.database = queue_watch_->failure();
    facts.database_asked = since(*clock_, queue_watch_->asking_since());
    facts.recorder_asked = since(*clock_, recorder.asking_since());
    facts.outcomes_waited = since(*clock_, recorder.waiting_since());
    facts.unclaimed = since(*clock_, dispatcher_->unclaimed_since());
    facts.breakers_open = states.open + states.half_open;
    facts.credentials_paused = std::max(states.paused, queue_watch_->paused_credentials());
    facts.unheard = since(*clock_, unheard_since_);
  }
  core::HealthLimits limits;
  if (const auto limit = notify::watchdog_limit()) limits.hung = *limit / 2;
  limits.slow = std::min(limits.slow, limits.hung);
  return core::judge(facts, limits);
}

/// A loop that hangs does not come here, and so feeds no watchdog.
asio::awaitable<void> Daemon::watch_itself() {
  const auto limit = notify::watchdog_limit();
  const auto pause = limit ? std::min(*limit / looks_each_limit, look_every) : look_every;
  while (true) {
    const bool unheard = started_ && !listener_->listening();
    if (!unheard) unheard_since_.reset();
    if (unheard && !unheard_since_) unheard_since_ = clock_->now();
    const auto health = this->health();
    if (health.live()) notify::watchdog();
    tell_health(health);
    co_await sleep_for(*clock_, pause);
  }
}

void Daemon::tell_health(const core::Health& health) {
  std::string text = health.ready() ? "ready" : "not ready: " + join(health.reasons);
  if (!health.degraded.empty()) text += "; degraded: " + join(health.degraded);
  // A systemd that was busy did not read the last one.
  if (text == told_status_ && ++looks_since_told_ < looks_each_status) return;
  looks_since_told_ = 0;
  told_status_ = text;
  notify::status(text);
  // The start and the end have lines of their own.
  if (!started_ || stopping_ || health.ready() == told_ready_) return;
  told_ready_ = health.ready();
  if (health.ready()) return log::info("health.ready");
  log::error("health.not_ready", {{"message", join(health.reasons)}});
}

}  // namespace vapisync
