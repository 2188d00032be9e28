#include "base/spawn.hpp"

#include <exception>

#include <boost/asio/co_spawn.hpp>

#include "base/log.hpp"

namespace vapisync {

void spawn(boost::asio::any_io_executor executor, boost::asio::awaitable<void> coroutine,
           const char* name) {
  boost::asio::co_spawn(executor, std::move(coroutine), [name](std::exception_ptr thrown) {
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& bug) {
      log::error("bug.coroutine_failed", {{"coroutine", name}, {"message", bug.what()}});
    }
    std::terminate();
  });
}

}  // namespace vapisync
