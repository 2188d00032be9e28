#pragma once
// What the engine needs of the database: claim, settle, renew, wake. The statements are in
// sql/engine; one implementation speaks to Postgres.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "core/decide.hpp"
#include "db/pool.hpp"

namespace vapisync::db {

/// The remote side of a resource, as far as we know.
struct Remote {
  std::string id;  ///< empty: none
  std::string account_id;
  std::string marker;     ///< the attempt that created it
  std::string live_hash;  ///< of the document confirmed last; empty: unknown
  std::vector<std::string> sent_keys;
};

struct Claim {
  int64_t resource_id{0};
  int64_t token{0};
  int64_t version{0};
  int64_t generation{0};
  std::string org_id;
  std::string kind;
  std::string key;
  std::string request_id;  ///< of the save that wanted this version
  core::Op op{core::Op::upsert};
  std::string payload;
  std::string live_payload;  ///< of a blocked resource: the document that is live
  Remote remote;
  std::vector<std::string> open_keys;  ///< top-level keys that an open request may have sent
  std::string created_after;           ///< no object of this resource is older (ISO 8601)
  bool blocked{false};
  bool open{false};
  Milliseconds open_age{0};  ///< how long ago the open request was last sent, at most
  int attempts{0};
  TimePoint lease_end;  ///< counted from before the claim was sent
};

enum class Outcome {
  confirmed,  ///< Vapi has this version
  rejected,   ///< Vapi refuses it
  retry,      ///< later; with `opens` when the request may still land
  released,   ///< nothing was done, and it stays due
  forgotten,  ///< the id was dead; start again
  looked,     ///< the last look of a blocked resource is done
};

struct Report {
  const Claim* claim{nullptr};
  Outcome outcome{Outcome::retry};
  Remote remote;
  Milliseconds delay{0};
  bool burn{false};         ///< counts against retry.max_attempts
  bool opens{false};        ///< a request of this claim may still land
  bool clears_open{false};  ///< a look proved that nothing is on its way any more
  std::optional<Error> error;
  std::string phase;                   ///< where it failed: validate, send, verify
  std::string warnings;                ///< JSON array, or empty
  std::vector<std::string> leftovers;  ///< ids of further objects that carry our marker
  Milliseconds took{0};
};

enum class Recorded {
  done,
  held,  ///< a writer holds the resource: try again, and keep the lease
  lost,  ///< the claim is another's now
};

struct Receipt {
  Recorded recorded{Recorded::lost};
  bool due_now{false};  ///< there is more to do for this resource at once
};

struct ClaimRequest {
  int rows{0};
  int rows_per_org{0};
  Milliseconds lease{0};
  std::string after_org;  ///< only orgs behind this one
};

class EngineStore {
 public:
  template <class T = void>
  using Answer = boost::asio::awaitable<Result<T>>;

  virtual ~EngineStore() = default;
  virtual Answer<std::vector<Claim>> claim(ClaimRequest request) = 0;
  /// One receipt for each report, in order.
  virtual Answer<std::vector<Receipt>> settle(const std::vector<Report>& reports) = 0;
  /// False: the claim is another's.
  virtual Answer<bool> renew(int64_t resource_id, int64_t token, Milliseconds lease) = 0;
  virtual Answer<int> wake_waiting() = 0;

  /// Asks writers to ring. True when one is at work that may not have noticed: look again soon.
  virtual Answer<bool> arm_bell(Milliseconds duration) = 0;

  virtual Answer<int64_t> register_credential(std::string fingerprint, std::string base_url) = 0;
  virtual Answer<bool> pause_credential(int64_t id, std::string reason, Milliseconds duration) = 0;
  virtual Answer<bool> resume_credential(int64_t id) = 0;
  /// How long the credential must rest, as any daemon found.
  virtual Answer<Milliseconds> credential_pause(int64_t id) = 0;
  virtual Answer<std::string> installation_id() = 0;
};

struct PostgresStoreOptions {
  std::string daemon_id;
  std::vector<std::string> kinds;  ///< others are left for a newer daemon
  Milliseconds late_window{0};     ///< W
};

std::unique_ptr<EngineStore> make_postgres_store(Pool& pool, Clock& clock,
                                                 PostgresStoreOptions options);

/// For Pool: plan settings and the engine's statements on a new connection.
void prepare_engine(pqxx::connection& connection);

}  // namespace vapisync::db
