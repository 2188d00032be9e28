#include "sync/queue_watch.hpp"

#include <algorithm>

namespace vapisync::sync {
namespace {

constexpr Milliseconds pause_min{5'000};
constexpr Milliseconds pause_max{60'000};
constexpr int share = 50;  ///< looks take at most one part in so many of the time
constexpr size_t reasons_max = 20;

constexpr Metrics::Family unconverged{"vapisync_unconverged_resources",
                                      "Resources that are not what the database says, by state."};
constexpr Metrics::Family oldest{"vapisync_oldest_unconverged_age_seconds",
                                 "How long the oldest version has waited for its outcome."};
constexpr Metrics::Family leftovers{"vapisync_leftovers",
                                    "Remote objects that are known and may not be kept."};
constexpr Metrics::Family paused{"vapisync_paused_credentials",
                                 "Credentials that rest, by the reason."};

/// Reasons that alerts are written for: they are zero before they are anything else.
constexpr const char* known_reasons[] = {"http_401", "http_402", "http_403", "http_429",
                                         "mass_404"};

}  // namespace

QueueWatch::QueueWatch(Clock& clock, Metrics& metrics, Look look)
    : clock_(clock),
      metrics_(metrics),
      look_(std::move(look)),
      stop_(clock),
      oldest_(metrics.gauge(oldest)),
      leftovers_(metrics.gauge(leftovers)) {
  for (const auto* reason : known_reasons) {
    paused_[reason] = metrics.gauge(paused, {{"reason", reason}});
  }
}

boost::asio::awaitable<void> QueueWatch::run() {
  while (!stopping_) {
    const TimePoint began = clock_.now();
    asking_since_ = began;
    const auto state = co_await look_();
    asking_since_.reset();
    failure_ = state ? std::string{} : state.error().message;
    if (state) show(*state);
    const TimePoint now = clock_.now();
    // One that failed may have waited for a database that is away, and says nothing about a look.
    const Milliseconds cost = state ? to_ms((now - began) * share) : pause_min;
    const Milliseconds pause = std::clamp(cost, pause_min, pause_max);
    if (!stopping_) co_await stop_.wait_until(now + pause);
  }
}

void QueueWatch::stop() {
  stopping_ = true;
  stop_.set();
}

void QueueWatch::show(const db::QueueState& state) {
  for (const auto& [name, resources] : state.unconverged) {
    metrics_.gauge(unconverged, {{"state", name}}).set(static_cast<double>(resources));
  }
  oldest_.set(static_cast<double>(state.oldest_age_s));
  leftovers_.set(static_cast<double>(state.leftovers));
  paused_credentials_ = 0;
  for (const auto& [reason, gauge] : paused_) {
    const auto found = state.paused_credentials.find(reason);
    gauge.set(found == state.paused_credentials.end() ? 0 : static_cast<double>(found->second));
  }
  for (const auto& [reason, credentials] : state.paused_credentials) {
    paused_credentials_ += static_cast<int>(credentials);
    if (paused_.contains(reason) || paused_.size() >= reasons_max) continue;
    paused_[reason] = metrics_.gauge(paused, {{"reason", reason}});
    paused_[reason].set(static_cast<double>(credentials));
  }
}

}  // namespace vapisync::sync
