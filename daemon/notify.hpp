#pragma once
// What systemd is told, where it asked for it: state, watchdog and one line of status. Elsewhere
// nothing happens.
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace vapisync::notify {

void ready();
void reloading();
void stopping();
/// The line that `systemctl status` shows.
void status(const std::string& text);
void watchdog();

/// How long systemd waits for a sign of life before it restarts us; nothing: it does not.
std::optional<Milliseconds> watchdog_limit();

}  // namespace vapisync::notify
