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
  TimePoint thawed_at{};        ///< when it last woke from being stopped
  std::multiset<int64_t> busy;  ///< resources with a request that it waits for
  int in_flight{0};
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

  /// What users do in the dashboard.
  void edit_behind_our_back(int64_t resource);
  void delete_behind_our_back(int64_t resource);
  void clone(int64_t resource);

  /// Requests that are still to land.
  [[nodiscard]] size_t under_way() const { return under_way_; }
  [[nodiscard]] const sandbox::Store& objects() const { return service_.store(); }
  /// The resource that an object is marked with, 0 for none.
  static int64_t owner_of(const sandbox::Object& object);

  std::set<std::string> clones;       ///< made by users, with our marker
  std::set<int64_t> drifted;          ///< resources that users changed in the dashboard
  std::set<std::string> edited_keys;  ///< ID/KEY that users set there
  int64_t requests{0};
  int64_t error_answers{0};

 private:
  class Line;
  struct Letter;

  void check_before_sending(Caller& caller, const Letter& letter);
  static bool is_of_one_that_was_stopped(const Caller& caller, const Letter& letter);
  void check_create(const Letter& letter);
  void check_version(const Letter& letter);
  void send(const std::shared_ptr<Letter>& letter);
  void land(const std::shared_ptr<Letter>& letter);
  void plan_faults();
  [[nodiscard]] int64_t resource_of(const http::Request& request) const;
  const sandbox::Object* find(std::string_view id) const;

  Stage& stage_;
  sandbox::Service service_;
  std::vector<Caller*> callers_;
  std::map<int64_t, int> creates_under_way_;
  std::map<std::string, int64_t> owners_;  ///< of every object there ever was
  /// Made by processes that had been stopped: nobody could know, but in the end they are listed.
  std::set<std::string> late_creates_;
  size_t under_way_{0};
  Trouble trouble_{Trouble::none};
};

}  // namespace vapisync::sim
