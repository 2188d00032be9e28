#pragma once
// What goes wrong, and when: a list of rules, each with the requests it is for and what happens to
// them. The first rule about the answer that fits a request decides it; rules about content (list
// lag, normalising, stuck keys) add up. docs/sandbox.md describes the JSON form.
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "sandbox/quirks.hpp"
#include "sandbox/reply.hpp"
#include "sandbox/wall_time.hpp"

namespace vapisync::sandbox {

using std::chrono::milliseconds;

enum class FaultAction { answer, delay, cut, late_commit, list_lag, normalise, stuck_keys };
std::string_view to_string(FaultAction action);

enum class LateAnswer {
  late,  ///< answered when the request lands; a client with less patience sees a timeout
  cut,   ///< the connection closes at once
  none,  ///< never answered: the connection hangs, then closes
};

/// Which requests; an empty field fits all.
struct FaultMatch {
  std::string method;
  std::string path;  ///< prefix
  std::string org;   ///< orgId
  std::string key;   ///< bearer key
  std::string body;  ///< anywhere in the body
};

/// Which of the matching ones.
struct FaultTrigger {
  uint64_t from{1};
  uint64_t count{std::numeric_limits<uint64_t>::max()};
  double probability{1};
  std::optional<milliseconds> lasting{};  ///< from the first hit on
  std::optional<milliseconds> until{};    ///< from when the plan came into force
};

struct FaultRule {
  std::string name;
  FaultAction action{FaultAction::answer};
  FaultMatch match;
  FaultTrigger trigger;
  std::string source;  ///< as it was given, without the bearer key

  Reply reply;               ///< answer
  bool after_commit{false};  ///< answer, cut
  milliseconds delay{0};     ///< before the answer or the cut; of a late commit
  LateAnswer late_answer{LateAnswer::late};
  Quirks quirks;  ///< list_lag, normalise, stuck_keys

  uint64_t matched{0};
  uint64_t hits{0};
  std::optional<Instant> first_hit{};
};

/// What happens to one request.
struct FaultChoice {
  const FaultRule* rule{nullptr};  ///< about the answer; none: all is well
  Quirks quirks;
  std::vector<std::string> names;  ///< of all rules that apply
};

class FaultPlan {
 public:
  FaultPlan() = default;
  FaultPlan(std::vector<FaultRule> rules, Instant since)
      : rules_(std::move(rules)), since_(since) {}

  FaultChoice choose(const Request& request, std::string_view org_id, Instant now, Random& random);

  /// {"faults": [{"name": ..., "matched": N, "hits": N, "rule": {...}}]}
  [[nodiscard]] std::string to_json() const;
  [[nodiscard]] bool empty() const { return rules_.empty(); }

 private:
  [[nodiscard]] bool in_time(const FaultRule& rule, Instant now) const;
  bool fires(FaultRule& rule, Instant now, Random& random) const;

  std::vector<FaultRule> rules_;
  Instant since_;
};

/// Reads {"faults": [...]} or the bare list. Fails with `invalid` and the path of what is wrong.
Result<std::vector<FaultRule>> parse_faults(std::string_view text);

}  // namespace vapisync::sandbox
