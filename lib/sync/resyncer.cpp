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
  while (!stopping_) {
    const auto round = co_await touch_();
    const bool more = round && round->more;
    if (round && round->resources > 0) touched_();
    // A failure says nothing: the dispatcher reports that the database is away.
    if (round && more != under_way) {
      log::info(more ? "db.resync_started" : "db.resync_done");
      under_way = more;
    }
    co_await stop_.wait_until(clock_.now() +
                              (more ? std::min(next_round, look_every_) : look_every_));
  }
}

void Resyncer::stop() {
  stopping_ = true;
  stop_.set();
}

}  // namespace vapisync::sync
