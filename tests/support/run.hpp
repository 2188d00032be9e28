#pragma once
// Runs one coroutine to its end from a test that is not one, and returns what it returned.
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "support/sim_clock.hpp"

namespace vapisync::test {

namespace detail {

template <class T>
boost::asio::awaitable<void> keep(boost::asio::awaitable<T> coroutine, std::optional<T>& result) {
  result.emplace(co_await std::move(coroutine));
}

/// `drive` runs the io_context until its argument is true, and returns whether it came to that.
template <class Drive>
void run_to_end(boost::asio::io_context& context, boost::asio::awaitable<void> coroutine,
                Drive drive) {
  bool ended = false;
  std::exception_ptr thrown;
  boost::asio::co_spawn(context, std::move(coroutine), [&](std::exception_ptr error) {
    ended = true;
    thrown = error;
  });
  if (!drive([&ended] { return ended; })) throw std::runtime_error("the coroutine never ended");
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace detail

/// With real time and sockets. Throws when it takes longer than a test may.
inline void run(boost::asio::io_context& context, boost::asio::awaitable<void> coroutine) {
  const auto drive = [&context](const auto& ended) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    context.restart();
    while (!ended() && context.run_one_until(deadline) > 0) {
    }
    return ended();
  };
  detail::run_to_end(context, std::move(coroutine), drive);
}

template <class T>
T run(boost::asio::io_context& context, boost::asio::awaitable<T> coroutine) {
  std::optional<T> result;
  run(context, detail::keep(std::move(coroutine), result));
  return std::move(*result);
}

/// With simulated time, which jumps whenever nothing else is to be done.
inline void run(SimClock& clock, boost::asio::awaitable<void> coroutine) {
  const auto drive = [&clock](const auto& ended) { return clock.run_until(ended); };
  detail::run_to_end(clock.context(), std::move(coroutine), drive);
}

template <class T>
T run(SimClock& clock, boost::asio::awaitable<T> coroutine) {
  std::optional<T> result;
  run(clock, detail::keep(std::move(coroutine), result));
  return std::move(*result);
}

}  // namespace vapisync::test
