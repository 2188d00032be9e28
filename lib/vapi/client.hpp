#pragma once
// One credential's door to Vapi: typed calls, with the credential's limits, breaker and pauses.
// Single-threaded. Nothing here retries: that is decided above.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "core/gate.hpp"
#include "core/kind.hpp"
#include "core/marker.hpp"
#include "http/transport.hpp"
#include "vapi/request_metrics.hpp"

namespace vapisync::vapi {

struct Object {
  int status{0};  ///< of the answer it came in
  std::string id;
  std::string account_id;  ///< Vapi's orgId
  json::Document document;
};

struct ClientOptions {
  Secret key;
  Milliseconds request_timeout{30'000};
  bool marks_by_name{false};  ///< this account refuses our metadata
  core::GateLimits limits;
  Milliseconds auth_pause_first{60'000};  ///< doubles with each refused probe
  Milliseconds auth_pause_max{900'000};
  RequestMetrics* metrics{nullptr};  ///< null: nobody counts
};

/// Called on the executor that runs the calls.
struct ClientEvents {
  std::function<void(const Error& why, Milliseconds pause)> paused;  ///< refused, or too fast
  std::function<void(const Error& why)> outage;                      ///< the breaker opened
  std::function<void()> recovered;                                   ///< either is over
};

class Client {
 public:
  Client(http::Transport& transport, Clock& clock, Random& random, ClientOptions options,
         ClientEvents events);

  template <class T>
  using Answer = boost::asio::awaitable<Result<T>>;

  Answer<Object> create(const core::Kind& kind, const json::Value& document);
  Answer<Object> update(const core::Kind& kind, std::string id, const json::Value& document);
  Answer<Object> get(const core::Kind& kind, std::string id);
  Answer<Object> remove(const core::Kind& kind, std::string id);

  /// Asked between the pages of a search: false ends it, with the code `search_ended`.
  using KeepOn = std::function<boost::asio::awaitable<bool>()>;

  /// Called once for each object; whether it belongs into the answer.
  using Wanted = std::function<bool(const json::Value& object)>;
  /// Every object that is wanted, oldest first; otherwise like `find`.
  Answer<std::vector<Object>> search(const core::Kind& kind, Wanted wanted,
                                     std::string created_after, KeepOn keep_on);

  /// Every object whose marker names this resource, oldest first. `created_after` bounds the
  /// search (ISO 8601); empty searches the whole account. Takes at most half of the rate.
  Answer<std::vector<Object>> find(const core::Kind& kind, std::string resource,
                                   std::string created_after, KeepOn keep_on);

  core::Gate& gate() { return gate_; }
  [[nodiscard]] bool breaker_closed() const;
  [[nodiscard]] bool marks_by_name() const { return options_.marks_by_name; }
  void mark_by_name() { options_.marks_by_name = true; }
  [[nodiscard]] Milliseconds request_timeout() const { return options_.request_timeout; }

 private:
  /// A 404 says "no such object" where the target names one, else that the base URL is wrong.
  enum class Target { object, collection };
  Answer<http::Response> send(const core::Kind& kind, http::Method method, Target names,
                              std::string target, std::string body);
  Answer<Object> call(const core::Kind& kind, http::Method method, Target names, std::string target,
                      std::string body);
  Answer<json::Document> list_page(const core::Kind& kind, std::string created_after,
                                   std::string created_before, int limit);
  void note_answer(const Error* error, size_t subject);
  void note_failure(const Error& error, size_t subject);
  void pause(const Error& why, Milliseconds duration);

  http::Transport& transport_;
  Clock& clock_;
  Random& random_;
  ClientOptions options_;
  ClientEvents events_;
  core::Gate gate_;
  int refusals_{0};   ///< in a row: 401, 402, 403
  int throttles_{0};  ///< in a row: 429
};

}  // namespace vapisync::vapi
