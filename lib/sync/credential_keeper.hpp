#pragma once
// Keeps one credential's row and its gate together: what this daemon found out (refused, too fast,
// recovered) is written for all daemons, and what others wrote is obeyed here.
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "core/gate.hpp"
#include "db/engine_store.hpp"

namespace vapisync::sync {

class CredentialKeeper {
 public:
  CredentialKeeper(db::EngineStore& store, Clock& clock, int64_t credential_id);

  void paused(const Error& why, Milliseconds duration);
  void outage(const Error& why);
  void recovered();

  /// Reads what other daemons found, at most once a second.
  boost::asio::awaitable<void> refresh(core::Gate& gate);

  boost::asio::awaitable<void> run();
  void stop();

 private:
  struct Pause {
    std::string reason;
    TimePoint until;
  };

  boost::asio::awaitable<bool> write();

  db::EngineStore& store_;
  Clock& clock_;
  int64_t credential_id_;
  Event wake_;
  std::optional<Pause> pause_;
  bool dirty_{false};
  bool wake_waiting_{false};
  TimePoint refreshed_{};
  bool stopping_{false};
};

}  // namespace vapisync::sync
