#include <fmt/format.h>

#include "base/log.hpp"
#include "commands.hpp"
#include "sandbox/sandbox.hpp"
#include "signals.hpp"

namespace vapisync::commands {

int sandbox(const SandboxOptions& options) {
  log::configure(log::Level::info, log::Format::automatic);
  boost::asio::io_context context(1);
  const auto clock = make_real_clock(context.get_executor());
  sandbox::Options wanted{options.listen, options.seed, options.faults_file};
  auto started = sandbox::start(context.get_executor(), *clock, std::move(wanted));
  if (!started) return fail(started.error(), {});
  Signals signals(
      context, [&] { context.stop(); }, [&] { context.stop(); });
  log::info("sandbox.ready", {{"port", (*started)->port()}});
  context.run();
  return exit_ok;
}

}  // namespace vapisync::commands
