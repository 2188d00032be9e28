#pragma once
// The model with its faults and its journal: everything that one request goes through, still
// without clock and sockets. Whoever drives it (the HTTP server, or a simulation) says what time it
// is, and does the waiting that an outcome asks for.
#include <map>
#include <optional>
#include <string>

#include "sandbox/faults.hpp"
#include "sandbox/journal.hpp"
#include "sandbox/model.hpp"

namespace vapisync::sandbox {

/// What the client gets to see: after `delay` either the connection is cut, or the reply comes.
struct Outcome {
  milliseconds delay{0};
  bool cut{false};
  /// The reply is not known yet: after the delay, `collect` it with this ticket.
  std::optional<uint64_t> ticket{};
  Reply reply;
};

class Service {
 public:
  explicit Service(uint64_t seed, JournalLimits limits = {},
                   std::span<const Kind> kinds = sandbox::kinds())
      : model_(seed, kinds), journal_(limits), chance_(seed + 1) {}

  Outcome handle(Request request, Instant now);

  /// The reply to a request that was to land by now. Each ticket is good for one reply.
  Reply collect(uint64_t ticket, Instant now);

  /// Carries out what is due. Every other call does it first, so nobody can see a request that
  /// should have landed missing; call it when only the passing of time matters.
  void advance(Instant now);
  [[nodiscard]] std::optional<Instant> next_landing() const;

  /// Replaces the fault plan; requests that are still to land stay. Fails with `invalid`.
  Result<void> set_faults(std::string_view text, Instant now);
  [[nodiscard]] const FaultPlan& faults() const { return faults_; }

  /// An edit behind the API's back (see Model::tamper), journalled too.
  Reply tamper(const Request& request, const Kind& kind, std::string_view id, Instant now);

  [[nodiscard]] const Store& store() const { return model_.store(); }
  [[nodiscard]] const Journal& journal() const { return journal_; }

 private:
  struct Landing {
    Request request;
    Quirks quirks;
    uint64_t ticket;  ///< also the journal's number of the arrival
    bool answered;
  };
  Outcome postpone(Request request, JournalEntry entry, const FaultChoice& choice, Instant now);
  Execution carry_out(const Request& request, const Quirks& quirks, Instant now,
                      JournalEntry& entry);
  void land(const Landing& landing, Instant at);
  /// Time as the model sees it never goes backwards.
  Instant advance_to(Instant now);

  Model model_;
  Journal journal_;
  FaultPlan faults_;
  Random chance_;
  std::multimap<Instant, Landing> landings_;
  std::map<uint64_t, Reply> uncollected_;
  Instant latest_{};
};

}  // namespace vapisync::sandbox
