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
#include "db/store_metrics.hpp"

namespace vapisync::db {

/// The remote side of a resource, as far as we know.
struct Remote {
  std::string id;  ///< empty: none
  std::string account_id;
  std::string marker;     ///< the attempt that created it
  std::string live_hash;  ///< of the document confirmed last; empty: unknown
  std::vector<std::string> sent_keys;
};

/// A resource that a document refers to.
struct Reference {
  int64_t resource_id{0};
  std::string name;       ///< `tool/kb`
  std::string remote_id;  ///< empty: it has none
  core::Others state{core::Others::ready};
};

struct Claim {
  int64_t resource_id{0};
  int64_t token{0};
  int64_t version{0};
  int64_t live_version{0};  ///< the one confirmed last; 0: none is there
  int64_t generation{0};
  int64_t credential_id{0};  ///< the org's at this moment; 0: none
  std::string org_id;
  std::string kind;
  std::string key;
  std::string request_id;  ///< of the save that wanted this version
  core::Op op{core::Op::upsert};
  std::string payload;
  std::string live_payload;  ///< of a blocked resource: the document that is live
  Remote remote;
  std::vector<Reference> references;            ///< of the newest document, and of the live one
  core::Others referrers{core::Others::ready};  ///< of a delete: what is live and refers to it
  std::vector<std::string> open_keys;  ///< top-level keys that an open request may have sent
  std::string created_after;           ///< no object of this resource is older (ISO 8601)
  bool blocked{false};
  bool open{false};
  Milliseconds age{0};       ///< since the version was wanted
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

/// A remote object that we know of and may not keep.
struct Leftover {
  std::string account_id;
  std::string remote_id;
  std::string reason;  ///< duplicate, copy, replaced, other_account, open_create
  /// Of an open create whose object nobody knows: the resource, and the attempt that made what was
  /// taken instead.
  std::string marker{};
};

struct Report {
  const Claim* claim{nullptr};
  Outcome outcome{Outcome::retry};
  Remote remote;
  Milliseconds delay{0};
  bool burn{false};         ///< counts against retry.max_attempts
  bool opens{false};        ///< a request of this claim may still land
  bool clears_open{false};  ///< a look proved that nothing is on its way any more
  int requests{0};          ///< sent to Vapi
  bool wrote{false};        ///< a write was sent: it counts even if the claim is another's by now
  std::vector<std::string> wrote_keys;  ///< the top-level keys that it carried
  std::string wrote_marker;             ///< of a create
  bool waits{false};                    ///< for other resources
  std::vector<int64_t> live_refs;       ///< what the confirmed document refers to
  std::optional<Error> error;
  std::string phase;     ///< where it failed: validate, send, verify
  std::string warnings;  ///< JSON array, or empty
  std::vector<Leftover> leftovers;
  Milliseconds took{0};
};

enum class Recorded {
  done,
  held,  ///< a writer holds the resource: try again, and keep the lease
  lost,  ///< the claim is another's now
};

struct Receipt {
  Recorded recorded{Recorded::lost};
  bool due_now{false};   ///< there is more to do for this resource at once
  bool linked{false};    ///< it ended, and others may have waited for that
  bool paused{false};    ///< its credential rests from now on, until an operator has looked
  bool deferred{false};  ///< the database would not store the outcome; it will be tried again
};

/// An org with due work, as a sweep finds it.
struct ReadyOrg {
  std::string org_id;
  int64_t credential_id{0};  ///< 0: it has none yet, and waits
  std::string fingerprint;   ///< of the credential's key: another one is another key
  Milliseconds rest{0};      ///< how long the credential must rest, as any daemon found
  bool paused{false};        ///< by an operator
  /// The credential's row says paused, also when its rest is over: somebody must find out.
  bool key_paused{false};
};

struct SweepRequest {
  std::string after_org;             ///< only orgs behind this one
  int limit{1'000};                  ///< fewer orgs than this in the answer: it was the end
  std::vector<int64_t> resources{};  ///< only the orgs of these; empty: all orgs
};

struct OrgShare {
  std::string org_id;
  int rows{0};
};

struct ClaimRequest {
  std::vector<OrgShare> shares;
  int rows_per_org{0};  ///< in flight; what others hold counts
  Milliseconds lease{0};
  int rows{1'000};  ///< of all orgs together, in the order of the shares
};

struct CredentialRow {
  int64_t id{0};
  bool platform{false};
  std::string fingerprint;
  std::string base_url;
  std::string key_sealed;  ///< empty for the platform's
  std::string account_id;  ///< empty: not learnt yet
  bool marks_by_name{false};
};

/// A leftover whose time has come.
struct LeftoverClaim {
  std::string account_id;
  std::string kind;
  std::string object;     ///< by which it is listed
  std::string remote_id;  ///< empty: to be found by the marker
  std::string attempt;    ///< of the create that made it; empty: any other than the kept one
  std::string adopted;    ///< of an open create: the attempt of the object that was taken instead
  std::string kept;       ///< the attempt of the object that the resource keeps
  std::string kept_id;    ///< and its id
  int64_t resource_id{0};
  int64_t credential_id{0};
  std::string fingerprint;    ///< of its key
  std::string created_after;  ///< ISO 8601
};

/// What a daemon is at, for operators who ask the database.
struct DaemonReport {
  double synced_per_s{0};  ///< since the last report
  int in_flight{0};
  int breakers_open{0};
  int breakers_half_open{0};
};

/// An account to look through after a restore.
struct InventoryClaim {
  int64_t credential_id{0};
  std::string fingerprint;
};

/// An object that bears our mark.
struct MarkedObject {
  std::string account_id;
  std::string remote_id;
  int64_t resource_id{0};
};

/// Objects that a look-up found.
struct Found {
  std::string account_id;
  std::string kind;
  std::vector<std::string> remote_ids;
};

class EngineStore {
 public:
  template <class T = void>
  using Answer = boost::asio::awaitable<Result<T>>;

  virtual ~EngineStore() = default;
  virtual Answer<std::vector<ReadyOrg>> sweep(SweepRequest request) = 0;
  virtual Answer<std::vector<Claim>> claim(ClaimRequest request) = 0;
  /// One receipt for each report, in order.
  virtual Answer<std::vector<Receipt>> settle(const std::vector<Report>& reports) = 0;
  /// False: the claim is another's.
  virtual Answer<bool> renew(int64_t resource_id, int64_t token, Milliseconds lease) = 0;
  /// The top-level keys of all that was ever wanted of a resource, as far as history goes.
  virtual Answer<std::vector<std::string>> wanted_keys(int64_t resource_id) = 0;
  /// Which of these objects are no find: another resource holds them, or they are to be deleted.
  virtual Answer<std::vector<std::string>> held_elsewhere(int64_t resource_id, Found found) = 0;
  /// Makes due at once what waits in the orgs of this credential.
  virtual Answer<int> wake_waiting(int64_t credential_id) = 0;

  /// Asks writers to ring. True when one is at work that may not have noticed: look again soon.
  virtual Answer<bool> arm_bell(Milliseconds duration) = 0;
  /// Writers need not ring while this daemon is awake.
  virtual Answer<bool> silence_bell() = 0;

  /// `all_orgs`: from now on the platform's credential serves orgs that have none of their own.
  virtual Answer<int64_t> register_platform(std::string fingerprint, std::string base_url,
                                            bool all_orgs) = 0;
  virtual Answer<std::vector<CredentialRow>> load_credentials(std::vector<int64_t> ids) = 0;
  virtual Answer<bool> learn_account(int64_t id, std::string account_id) = 0;
  virtual Answer<bool> mark_by_name(int64_t id) = 0;
  virtual Answer<bool> pause_credential(int64_t id, std::string reason, Milliseconds duration) = 0;
  virtual Answer<bool> resume_credential(int64_t id) = 0;

  /// Each goes to one daemon at a time, and is due again after the lease.
  virtual Answer<std::vector<LeftoverClaim>> claim_leftovers(int limit, Milliseconds lease) = 0;
  /// Asked again right before it goes.
  virtual Answer<bool> leftover_may_go(const LeftoverClaim& leftover) = 0;
  /// It is gone; or, with `keep`, not ours to delete, and only listed from now on.
  virtual Answer<bool> end_leftover(const LeftoverClaim& leftover, bool keep) = 0;
  /// How long until one may be deleted; nothing: none is to be.
  virtual Answer<std::optional<Milliseconds>> next_leftover() = 0;

  /// The next account to look through after a restore; nothing: there is none.
  virtual Answer<std::optional<InventoryClaim>> claim_inventory(Milliseconds lease) = 0;
  /// How many of them nobody holds or may still find: those are leftovers now.
  virtual Answer<int> record_inventory(std::string kind, std::vector<MarkedObject> objects) = 0;
  virtual Answer<bool> end_inventory(int64_t credential_id) = 0;

  /// How many daemons are alive, this one included.
  virtual Answer<int> heartbeat(DaemonReport report) = 0;
  /// This one ends: the others need not wait until it is silent for long.
  virtual Answer<bool> leave() = 0;
  virtual Answer<std::string> installation_id() = 0;
};

struct PostgresStoreOptions {
  std::string daemon_id;
  std::vector<std::string> kinds;  ///< others are left for a newer daemon
  Milliseconds late_window{0};     ///< W
  StoreMetrics metrics{};
};

std::unique_ptr<EngineStore> make_postgres_store(Pool& pool, Clock& clock,
                                                 PostgresStoreOptions options);

}  // namespace vapisync::db
