#pragma once
// Deletes remote objects that are surely ours and nobody's any more: what a lost create made beside
// the one that is kept, and what a newer object took the place of. The database says when; here
// each is looked at once more before it goes. Several daemons may do it together. Single-threaded.
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

struct JanitorOptions {
  std::string installation_id;
  std::span<const core::Kind> kinds{vapi::kinds()};
  Milliseconds look_every{60'000};  ///< what another daemon listed is noticed by then
  Milliseconds lease{300'000};      ///< longer than all its requests
};

class Janitor {
 public:
  Janitor(db::EngineStore& store, Clock& clock, Credentials& credentials, JanitorOptions options);

  boost::asio::awaitable<void> run();
  void stop();
  /// Something was listed.
  void look();

 private:
  enum class Fate { gone, not_ours, later };

  boost::asio::awaitable<Result<>> clean();
  boost::asio::awaitable<Fate> end(const db::LeftoverClaim& leftover, vapi::Client& client);
  boost::asio::awaitable<Fate> end_found(const db::LeftoverClaim& leftover, vapi::Client& client);
  boost::asio::awaitable<Fate> end_object(const db::LeftoverClaim& leftover, std::string id,
                                          vapi::Client& client);
  [[nodiscard]] bool is_ours(const db::LeftoverClaim& leftover, const vapi::Object& object) const;

  db::EngineStore& store_;
  Clock& clock_;
  Credentials& credentials_;
  JanitorOptions options_;
  Event wake_;
  bool stopping_{false};
};

}  // namespace vapisync::sync
