#pragma once
// TERM and INT: the first asks to stop, the second insists.
#include <csignal>
#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace vapisync {

class Signals {
 public:
  Signals(boost::asio::io_context& context, std::function<void()> first,
          std::function<void()> second)
      : signals_(context, SIGTERM, SIGINT), first_(std::move(first)), second_(std::move(second)) {
    wait();
  }

  void cancel() { signals_.cancel(); }

 private:
  void wait() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      const auto react = std::exchange(first_, second_);
      wait();
      react();
    });
  }

  boost::asio::signal_set signals_;
  std::function<void()> first_;
  std::function<void()> second_;
};

}  // namespace vapisync
