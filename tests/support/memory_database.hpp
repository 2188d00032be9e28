#pragma once
// What the SQL of saves and of the engine does, in memory and in other words: a second reading of
// the same rules, statement by statement. It takes the time as an argument and knows no threads; a
// statement is one call. `tests/db/conformance_test.cpp` holds it and Postgres to one suite.
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "db/engine_store.hpp"

namespace vapisync::test {

enum class EntryState { pending, synced, superseded, rolled_back, failed };
enum class SaveState { pending, rolling_back, synced, superseded, rolled_back, failed };
std::string_view to_string(EntryState state);
std::string_view to_string(SaveState state);

struct Change {
  enum class Op { ask, put, remove };
  std::string key;
  Op op{Op::ask};
  std::string document;  ///< JSON: what is asked, or the whole document
  std::string kind{"assistant"};
};

enum class OnReject { hold, rollback };

struct SaveRequest {
  std::string org_id;
  std::string request_id;
  std::vector<Change> changes;
  OnReject on_reject{OnReject::hold};
};

class MemoryDatabase {
 public:
  struct Ended {
    EntryState state{EntryState::synced};
    std::optional<Error> error;
    std::string warnings;
  };
  struct Entry {
    int64_t version{0};
    std::string save;  ///< its request id; one org's requests only meet its own resources
    core::Op op{core::Op::upsert};
    std::optional<std::string> ask;  ///< nothing: the payload is the ask
    std::string payload;             ///< empty: a delete
    bool puts_back{false};           ///< made by a rollback, and asks nothing
    std::optional<Ended> ended;
  };
  struct Link {
    bool in_desired{false};
    bool in_live{false};
  };
  struct Resource {
    int64_t id{0};
    std::string org_id;
    std::string kind{"assistant"};
    std::string key;
    int64_t desired{0};
    int64_t settled{0};
    int64_t live{0};
    int64_t generation{0};
    db::Remote remote;
    std::optional<Error> last_error;
    TimePoint created_at;
    std::optional<TimePoint> last_synced_at;
    std::vector<Entry> entries;     ///< version 1 first
    std::map<int64_t, Link> links;  ///< what it refers to
    bool held{false};               ///< a writer has it locked

    [[nodiscard]] const Entry& entry(int64_t version) const {
      return entries.at(static_cast<size_t>(version - 1));
    }
    [[nodiscard]] EntryState state_of(int64_t version) const;
  };
  struct Work {
    TimePoint due_at;
    std::optional<TimePoint> leased_until;
    int64_t token{0};
    std::string claimed_by;
    int attempts{0};
    std::optional<TimePoint> open_until;
    bool held{false};  ///< a writer has it locked

    [[nodiscard]] bool is_leased(TimePoint now) const;
  };
  enum class Rank { superseded, synced, failed };
  struct Save {
    OnReject on_reject{OnReject::hold};
    SaveState state{SaveState::pending};
    int open_count{0};
    Rank worst{Rank::superseded};
    std::optional<Error> error;
  };
  struct Credential {
    std::string fingerprint;
    std::string account_id;  ///< empty: not learnt yet
    std::optional<TimePoint> paused_until;

    [[nodiscard]] bool is_paused(TimePoint now) const {
      return paused_until && *paused_until > now;
    }
  };
  struct Leftover {
    int64_t resource_id{0};
    std::string account_id;  ///< empty: not known
    std::string kind;
    std::string remote_id;
    std::string marker;  ///< an attempt, or `/RESOURCE` of an open create
    std::string reason;
    std::optional<TimePoint> due_at{};  ///< nothing: only listed

    [[nodiscard]] const std::string& object() const {
      return remote_id.empty() ? marker : remote_id;
    }
  };
  struct Attempt {
    int64_t resource_id{0};
    std::string code;
    int status{0};
  };

  struct Options {
    Milliseconds late_window{60'000};  ///< W
    /// What an agent is before anybody said anything about it.
    std::string agent_default{R"({"name":"Agent"})"};
    /// A moment as an ISO 8601 text, for `created_after`.
    std::function<std::string(TimePoint)> to_iso;
  };
  explicit MemoryDatabase(Options options) : options_(std::move(options)) {}

  // Writers. A save locks at its statement and shows itself at its commit.
  /// False: another writer holds one of the resources.
  [[nodiscard]] bool can_lock(const SaveRequest& request) const;
  /// Is any resource of this org locked by a writer?
  [[nodiscard]] bool is_held(const std::string& org_id) const;
  /// What lies between is an application's open transaction. False: refused, nothing is locked.
  bool begin(const SaveRequest& request, TimePoint now);
  void commit(const SaveRequest& request, TimePoint now);
  void roll_back(const SaveRequest& request);
  /// In one go.
  bool save(const SaveRequest& request, TimePoint now);
  /// Look again, without a new version.
  void touch(int64_t resource_id, TimePoint now);

  // The daemon's statements.
  struct ClaimedRow {
    int64_t resource_id{0};
    int64_t token{0};
    int attempts{0};
    bool open{false};
    Milliseconds open_age{0};
  };
  /// The orgs that have due work.
  [[nodiscard]] std::vector<std::string> sweep(const db::SweepRequest& request,
                                               TimePoint now) const;
  std::vector<ClaimedRow> claim(const db::ClaimRequest& request, const std::string& daemon,
                                TimePoint now);
  /// Read after the claim, as a statement of its own.
  std::vector<db::Claim> facts(const std::vector<ClaimedRow>& rows) const;
  std::vector<db::Receipt> settle(const std::vector<db::Report>& reports, TimePoint now);
  /// What waited for these to end looks again.
  void wake_neighbours(const std::vector<db::Report>& reports,
                       const std::vector<db::Receipt>& receipts, TimePoint now);
  bool renew(int64_t resource_id, int64_t token, Milliseconds lease, TimePoint now);
  [[nodiscard]] std::vector<std::string> wanted_keys(int64_t resource_id) const;
  [[nodiscard]] std::vector<std::string> held_elsewhere(int64_t resource_id,
                                                        const db::Found& found) const;
  int wake_waiting(int64_t credential_id, TimePoint now);
  /// True when a writer is at work that may not have seen the bell.
  bool arm_bell(Milliseconds duration, TimePoint now);
  void silence_bell() { bell_until_ = {}; }
  [[nodiscard]] bool bell_is_armed(TimePoint now) const { return now < bell_until_; }

  std::vector<db::LeftoverClaim> claim_leftovers(int limit, Milliseconds lease, TimePoint now);
  void end_leftover(const db::LeftoverClaim& claim, bool keep);
  [[nodiscard]] std::optional<Milliseconds> next_leftover(TimePoint now) const;
  /// Could a daemon that looks at it now delete it?
  [[nodiscard]] bool leftover_may_go(const db::LeftoverClaim& claim) const;
  [[nodiscard]] bool is_free(const Leftover& leftover) const;
  [[nodiscard]] bool may_go(const Leftover& leftover, TimePoint now) const;
  [[nodiscard]] std::optional<int64_t> credential_for(const Leftover& leftover,
                                                      TimePoint now) const;

  /// How many daemons live.
  int heartbeat(const std::string& daemon, TimePoint now);
  bool leave(const std::string& daemon);

  // Credentials. An org that was given none uses the platform's.
  static constexpr int64_t platform_credential = 1;
  void register_platform(const std::string& fingerprint);
  /// An operator gives an org a key: everything of it is looked at again, and with another account
  /// what is known of Vapi is forgotten.
  int64_t set_credential(const std::string& org_id, const std::string& fingerprint,
                         bool other_account, TimePoint now);
  [[nodiscard]] int64_t credential_of(const std::string& org_id) const;
  void learn_account(int64_t credential_id, const std::string& account_id);
  void pause_credential(int64_t credential_id, Milliseconds duration, TimePoint now);
  void resume_credential(int64_t credential_id);
  [[nodiscard]] Milliseconds credential_pause(int64_t credential_id, TimePoint now) const;

  /// The whole document that is wanted of a resource up to a version; empty: nothing is.
  [[nodiscard]] std::string fold(const Resource& resource, int64_t up_to) const;

  [[nodiscard]] const Resource* find(const std::string& org_id, const std::string& key,
                                     const std::string& kind = "assistant") const;
  Resource* find(const std::string& org_id, const std::string& key,
                 const std::string& kind = "assistant");
  std::map<int64_t, Resource> resources;
  std::map<int64_t, Work> work;
  std::map<std::pair<std::string, std::string>, Save> saves;  ///< by org and request
  std::map<int64_t, Credential> credentials{{platform_credential, {}}};
  std::vector<Leftover> leftovers;
  std::vector<Attempt> attempts;

 private:
  Resource& ensure(const std::string& org_id, const Change& change, TimePoint now);
  [[nodiscard]] bool is_refused(const SaveRequest& request) const;
  /// The whole document that a change makes of what is wanted now; empty: nothing.
  [[nodiscard]] std::string document_after(const std::string& org_id, const Change& change) const;
  void append(Resource& resource, const std::string& save, const Change& change, TimePoint now);
  void append(Resource& resource, Entry entry, TimePoint now);
  void ensure_work(const Resource& resource, TimePoint now);
  void leave_account(Resource& resource, const std::string& account, TimePoint now);
  void list_leftover(Leftover leftover);
  [[nodiscard]] std::optional<TimePoint> leftover_due(const std::string& reason,
                                                      TimePoint now) const;
  /// No object of this resource is older.
  [[nodiscard]] std::string created_after(const Resource& resource) const;
  [[nodiscard]] bool would_move(const Work& work, const Resource& resource, TimePoint now) const;
  db::Receipt settle_one(db::Report report, const std::set<int64_t>& batch, TimePoint now);
  db::Receipt settle_lost(Resource& resource, const db::Report& report, TimePoint now);
  void keep_what_it_learnt(Resource& resource, const db::Report& report, bool touched,
                           TimePoint now);
  /// `ends`: the claim decided something; then the row goes, unless there is more to do.
  db::Receipt move_on(Resource& resource, const db::Report& report, bool ends, bool due_now,
                      TimePoint now);
  void end_entries(Resource& resource, const db::Report& report, bool rejected, TimePoint now);
  void move_save(const std::string& org_id, const std::string& save, Rank rank,
                 const std::optional<Error>& error);
  [[nodiscard]] bool is_owned_by_other(const Resource& resource, const db::Remote& remote) const;

  // References.
  static std::string name_of(const std::string& kind, const std::string& key);
  static bool is_wanted(const Resource& resource);
  const Resource* find_named(const std::string& org_id, const std::string& name) const;
  [[nodiscard]] bool has_sound_references(const SaveRequest& request) const;
  void link(Resource& resource, const std::string& document);
  static void hold_on_to(Resource& resource, const std::vector<int64_t>& targets);
  [[nodiscard]] core::Others reference_state(const Resource& target) const;
  [[nodiscard]] bool refers_to_itself(const Resource& resource) const;
  [[nodiscard]] std::vector<db::Reference> references_of(const Resource& resource) const;
  [[nodiscard]] bool lets_go(const Resource& referrer, const Link& link) const;
  [[nodiscard]] core::Others referrers_of(const Resource& resource) const;
  [[nodiscard]] bool waits_for_others(const Resource& resource) const;
  bool touch_dependents(const Resource& resource, const std::set<int64_t>& batch, TimePoint now);
  [[nodiscard]] bool is_linked(const Resource& resource) const;

  // All or nothing.
  struct Guilty {
    std::vector<std::string> saves;
    bool by_field{false};  ///< they decide the field that Vapi names
  };
  [[nodiscard]] const Save& save_of(const Resource& resource, const Entry& entry) const;
  /// Is there something in this version that would be rolled back?
  [[nodiscard]] bool may_be_undone(const Resource& resource, int64_t version) const;
  [[nodiscard]] bool holds_undone(const Resource& resource, int64_t version) const;
  [[nodiscard]] Guilty guilty_of(const Resource& resource, int64_t version,
                                 const std::string& path) const;
  [[nodiscard]] bool is_any_held(const std::string& org_id,
                                 const std::vector<std::string>& of_saves) const;
  db::Receipt settle_refusal(Resource& resource, const db::Report& report, TimePoint now);
  void undo(const std::string& org_id, const std::vector<std::string>& guilty,
            const std::optional<Error>& error, TimePoint now);
  void put_back(Resource& resource, const std::vector<std::string>& for_saves, TimePoint now);
  void fail_entries(Resource& resource, const db::Report& report);

  Options options_;
  int64_t last_resource_{0};
  int64_t last_token_{0};
  int writers_{0};
  TimePoint bell_until_{};
  std::map<std::string, int64_t> credential_of_org_;
  std::map<std::string, TimePoint> daemons_;
};

/// Where an ask speaks of Vapi's fields by their own names.
inline constexpr std::string_view named_fields[] = {"name", "firstMessage", "maxDurationSeconds"};

/// An ask on top of a document; `base` empty: there is none yet.
std::string apply_ask(const std::string& base, const std::string& start, const std::string& ask);

}  // namespace vapisync::test
