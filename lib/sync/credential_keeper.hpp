#pragma once
// Keeps one credential's row true: what this daemon found out (refused, too fast, recovered, whose
// account it is) is written for all daemons, which read it with every sweep.
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "db/engine_store.hpp"

namespace vapisync::sync {

class CredentialKeeper {
 public:
  CredentialKeeper(db::EngineStore& store, Clock& clock, int64_t credential_id,
                   std::string account_id);

  void paused(const Error& why, Milliseconds duration);
  void outage(const Error& why);
  void recovered();

  /// The row says so.
  void found_paused(TimePoint now);
  /// The row did not say paused any more when it was read, at `asked_at` or later. True when
  /// somebody else ended the pause that it said before.
  bool found_resumed(TimePoint asked_at);

  /// The account that answers to the key.
  void learn_account(std::string account_id);
  [[nodiscard]] const std::string& account_id() const { return account_id_; }

  /// It refuses our metadata.
  void learn_marks_by_name();

  /// Everything it knows is in the database.
  [[nodiscard]] bool settled() const;

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
  std::optional<TimePoint> stored_at_;  ///< since when the row says paused, as far as we know
  std::string account_id_;
  bool dirty_{false};
  bool account_dirty_{false};
  bool marks_by_name_{false};
  bool marks_dirty_{false};
  bool wake_waiting_{false};
  bool stopping_{false};
};

}  // namespace vapisync::sync
