#pragma once
// After a restore: looks through the accounts for objects that bear our mark and that the restored
// database knows nothing of, and lists them as leftovers. Nothing is changed in Vapi. Only marks in
// metadata tell whose an object is; the end of a name does not. Single-threaded.
#include <span>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "core/kind.hpp"
#include "db/engine_store.hpp"
#include "sync/credentials.hpp"
#include "vapi/kinds.hpp"

namespace vapisync::sync {

struct InventoryOptions {
  std::string installation_id;
  std::span<const core::Kind> kinds{vapi::kinds()};
  Milliseconds look_every{60'000};
  Milliseconds lease{600'000};  ///< an account is looked through within it
};

class Inventory {
 public:
  Inventory(db::EngineStore& store, Clock& clock, Credentials& credentials,
            InventoryOptions options);

  boost::asio::awaitable<void> run();
  void stop();
  /// There is something to look through.
  void look();

 private:
  boost::asio::awaitable<Result<bool>> take_one();
  boost::asio::awaitable<Result<int>> look_through(vapi::Client& client, const core::Kind& kind);

  db::EngineStore& store_;
  Clock& clock_;
  Credentials& credentials_;
  InventoryOptions options_;
  Event wake_;
  bool stopping_{false};
};

}  // namespace vapisync::sync
