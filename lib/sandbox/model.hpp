#pragma once
// The stand-in for Vapi as a pure model: a request and a moment in, an answer out. It reads no
// clock, opens no socket and draws its ids from a seed, so that a simulation can drive it too.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "sandbox/quirks.hpp"
#include "sandbox/reply.hpp"
#include "sandbox/store.hpp"

namespace vapisync::sandbox {

enum class ChangeOp { none, created, updated, deleted };

/// What a request did to an object. `op` is none for reads, refusals and writes without effect.
struct Change {
  ChangeOp op{ChangeOp::none};
  std::vector<std::string> fields;  ///< top-level keys that were set, changed or lost
  uint64_t version{0};              ///< of the object afterwards
};

struct Execution {
  Reply reply;
  std::string org_id;     ///< empty when the request belongs to no account
  std::string_view kind;  ///< empty when the path names none
  std::string object_id;  ///< that the path names or the request made; empty for lists
  Change change;
};

class Model {
 public:
  explicit Model(uint64_t seed, std::span<const Kind> kinds = sandbox::kinds())
      : kinds_(kinds), random_(seed), store_(seed, kinds) {}

  /// Moments must not go backwards. A quirk changes how this one request is carried out.
  Execution execute(const Request& request, const Quirks& quirks, Instant now);

  /// The organisation of a request's key, empty if the key is refused.
  std::string org_of(const Request& request);

  /// A change behind everybody's back, as an edit in the dashboard makes it: no key, no validation.
  /// PATCH merges the body, DELETE removes.
  Execution tamper(std::string_view method, const Kind& kind, std::string_view id,
                   std::string_view body, Instant now);

  [[nodiscard]] const Store& store() const { return store_; }

 private:
  struct Call;
  void create(Call& call);
  void list(Call& call) const;
  void read(Call& call) const;
  void patch(Call& call);
  void remove(Call& call);

  std::span<const Kind> kinds_;
  Random random_;
  Store store_;
};

}  // namespace vapisync::sandbox
