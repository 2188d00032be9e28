#include "sync/resyncer.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace vapisync::sync {

namespace {

constexpr Milliseconds next_round{100};

}  // namespace

Resyncer::Resyncer(Clock& clock, Milliseconds look_every, Touch touch,
                   std::function<void()> touched)
    : clock_(clock),
      look_every_(look_every),
      touch_(std::move(touch)),
      touched_(std::move(touched)),
      stop_(clock) {}

boost::asio::awaitable<void> Resyncer::run() {
  bool under_way = false;
  Milliseconds pause = look_every_;
  while (!stopping_) {
    const auto round = co_await touch_();
    const bool some = round && round->resources > 0;
    if (some) touched_();
    // A failure says nothing: the dispatcher reports that the database is away.
    if (round && round->more != under_way) {
      under_way = round->more;
      log::info(under_way ? "db.resync_started" : "db.resync_done");
    }
    // What is listed and was not touched waits for others: a writer, a pause, a slow credential.
    pause = some ? next_round : std::min(pause * 2, look_every_);
    co_await stop_.wait_until(clock_.now() + std::min(pause, look_every_));
  }
}

void Resyncer::stop() {
  stopping_ = true;
  stop_.set();
}

}  // namespace vapisync::sync
