#pragma once
// Starts a coroutine that nobody awaits. An exception that leaves it is a bug of ours: it is
// logged and ends the process, instead of leaving a daemon that looks alive and does nothing.
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace vapisync {

/// `name` must outlive the coroutine: a literal.
void spawn(boost::asio::any_io_executor executor, boost::asio::awaitable<void> coroutine,
           const char* name);

}  // namespace vapisync
