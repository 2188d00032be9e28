#pragma once
// Vapi and the network in front of it: the sandbox's service in process, behind requests that are
// lost, late, cut or answered by somebody else. It knows what every daemon sent and what truly
// became of it, and complains about what must never be sent.
#include <deque>
#include <memory>
#include <set>
#include <string>

#include "http/transport.hpp"
#include "sandbox/service.hpp"
#include "sim/process.hpp"
#include "sim/stage.hpp"
#include "sim/store.hpp"

namespace vapisync::sim {

/// One daemon as Vapi's checks see it.
struct Caller {
  std::string name;
  Process* process{nullptr};
  Fate* fate{nullptr};
  Store* store{nullptr};
  TimePoint thawed_at{};                 ///< when it last woke from being stopped
  std::multiset<int64_t> busy;           ///< resources with a request that it waits for
  std::map<std::string, int> in_flight;  ///< by key
};

class Vapi {
 public:
  explicit Vapi(Stage& stage);

  std::unique_ptr<http::Transport> connect(Caller& caller);
  void hang_up(Caller& caller);

  /// Sets the faults of this moment: the seed's own and those of passing troubles.
  enum class Trouble { none, outage, throttle, refuse };
  void trouble(Trouble trouble, Milliseconds duration);
  void lift();
  /// From now on this key is refused, for good.
  void revoke(const std::string& key);

  /// What users do in the dashboard.
  void edit_behind_our_back(int64_t resource);
  void delete_behind_our_back(int64_t resource);
  void clone(int64_t resource);
  /// What an org has under way from now on belongs to its past.
  void forget_under_way(const std::string& org_id);

  /// Requests that are still to land.
  [[nodiscard]] size_t under_way() const { return under_way_; }
  /// One object, and the account that it is in.
  struct Place {
    const sandbox::Object* object{nullptr};
    const sandbox::Account* account{nullptr};
  };
  /// All that there is, of every kind and in every account.
  [[nodiscard]] std::vector<Place> objects() const;
  [[nodiscard]] const sandbox::Object* find(std::string_view id) const;
  /// The resource that an object is marked with, 0 for none.
  static int64_t owner_of(const sandbox::Object& object);
  /// Was this object made before its org went to another account?
  [[nodiscard]] bool is_of_the_past(const std::string& object_id) const;

  /// Did a process make it that had been stopped?
  [[nodiscard]] bool is_late(const std::string& object_id) const {
    return late_creates_.contains(object_id);
  }

  [[nodiscard]] bool is_in_account(const sandbox::Object& object, const std::string& name) const;

  std::set<std::string> clones;       ///< made by users, with our marker
  std::set<int64_t> drifted;          ///< resources that users changed in the dashboard
  std::set<std::string> edited_keys;  ///< ID/KEY that users set there
  int64_t requests{0};
  int64_t error_answers{0};

 private:
  class Line;
  struct Letter;

  void check_before_sending(Caller& caller, const Letter& letter);
  bool is_of_the_past(const Caller& caller, const Letter& letter) const;
  [[nodiscard]] bool is_claimed(const Caller& caller, const Letter& letter) const;
  int era_of(const Caller& caller, int64_t resource) const;
  void check_account(const Caller& caller, const Letter& letter);
  void check_create(const Letter& letter);
  [[nodiscard]] bool goes(int64_t resource, const std::string& account,
                          const std::string& id) const;
  void check_leftover(const Caller& caller, const Letter& letter);
  void check_version(const Letter& letter);
  void send(const std::shared_ptr<Letter>& letter);
  void land(const std::shared_ptr<Letter>& letter);
  void plan_faults();
  [[nodiscard]] int64_t resource_of(const http::Request& request) const;
  [[nodiscard]] const std::string& org_of(int64_t resource) const;
  [[nodiscard]] const sandbox::Kind& kind_of(int64_t resource) const;
  [[nodiscard]] bool is_assistant(int64_t resource) const;
  using Resource = test::MemoryDatabase::Resource;
  [[nodiscard]] bool is_known(const Resource& resource, const sandbox::Object& object) const;
  void check_delete(const Caller& caller, const Letter& letter);

  Stage& stage_;
  sandbox::Service service_;
  std::vector<Caller*> callers_;
  std::map<std::pair<int64_t, int>, int> creates_under_way_;  ///< by resource and era
  std::map<std::string, int> era_of_object_;
  std::map<std::string, int64_t> owners_;  ///< of every object there ever was
  /// Made by processes that had been stopped: nobody could know, but in the end they are listed.
  std::set<std::string> late_creates_;
  size_t under_way_{0};
  Trouble trouble_{Trouble::none};
  std::string refused_key_;
  std::set<std::string> revoked_keys_;
};

}  // namespace vapisync::sim
