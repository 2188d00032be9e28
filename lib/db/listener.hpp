#pragma once
// Waits for the doorbell: NOTIFY on the channel `vapisync`, without polling. A hint only: whoever
// is rung looks at the tables, and looks anyway after every (re)connection. Through a pooler
// nothing would ever be heard: then it gives up, and the quick safety poll does the work.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace vapisync::db {

class Listener {
 public:
  /// What rang: a resource's id, or nothing where anything may be due.
  using Rung = std::function<void(std::optional<int64_t> resource_id)>;

  Listener(Secret url, Clock& clock, Rung rung);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Listens, reconnecting with backoff, until `stop`.
  boost::asio::awaitable<void> run();
  void stop();

  /// False while there is no connection: nobody would hear the bell.
  [[nodiscard]] bool listening() const { return listening_; }

 private:
  struct Session;
  enum class Connected { yes, no, pooled };
  boost::asio::awaitable<Connected> connect();
  Connected connect_blocking();
  boost::asio::awaitable<void> listen();
  void tell(const Error& why);

  Secret url_;
  Clock& clock_;
  Rung rung_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Timer> pause_;
  std::string told_;  ///< why it does not listen, as it was logged last
  bool listening_{false};
  bool stopping_{false};
};

}  // namespace vapisync::db
