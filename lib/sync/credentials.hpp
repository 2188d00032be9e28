#pragma once
// The credentials this daemon works with: a client, its gate and its keeper for each, made when the
// first org that uses it has work, and forgotten when none has had any for a while. A credential
// whose key changed is made anew; calls under way keep the old one.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/seal.hpp"
#include "db/engine_store.hpp"
#include "http/transport.hpp"
#include "sync/credential_keeper.hpp"
#include "vapi/client.hpp"

namespace vapisync::sync {

struct Credential {
  std::string fingerprint;
  bool is_shared{false};  ///< the platform's, which many orgs use
  TimePoint needed_at;    ///< when an org with work last named it
  std::unique_ptr<CredentialKeeper> keeper;
  std::unique_ptr<vapi::Client> client;
};

struct CredentialsParts {
  boost::asio::any_io_executor executor;
  db::EngineStore& store;
  Clock& clock;
  Random& random;
};

struct CredentialsOptions {
  vapi::ClientOptions client;  ///< without the key
  Secret platform_key;         ///< empty: there is none
  std::optional<Sealer> sealer;
  std::function<Result<std::unique_ptr<http::Transport>>(const std::string& base_url)> connect;
  std::function<void()> recovered;  ///< something that waited may go on
};

class Credentials {
 public:
  Credentials(CredentialsParts parts, CredentialsOptions options);

  /// Makes the missing and the changed ones among these orgs' credentials. Fails when the database
  /// does.
  boost::asio::awaitable<Result<bool>> prepare(const std::vector<db::ReadyOrg>& orgs);
  /// Follows the pauses in the database, as a sweep found them that began at `asked_at`.
  void follow(const std::vector<db::ReadyOrg>& orgs, TimePoint asked_at);

  /// Null: unknown, or its key can't be opened.
  std::shared_ptr<Credential> find(int64_t id) const;

  /// Those that nobody has needed for some minutes: what they knew of Vapi is old, and their orgs
  /// may have other keys.
  void forget_unneeded();

  /// Each of `daemons` takes its part of every credential's limits.
  void share_with(int daemons);
  /// From now on, for those that are known and those to come.
  void set_limits(const core::GateLimits& limits);

  /// How many of those that this daemon works with are in which state.
  struct States {
    int closed{0};
    int open{0};
    int half_open{0};
    int paused{0};
  };
  [[nodiscard]] States states() const;

  void stop();

 private:
  boost::asio::awaitable<void> make(db::CredentialRow row);
  Result<Secret> key_of(const db::CredentialRow& row) const;
  Result<http::Transport*> transport_to(const std::string& base_url);

  CredentialsParts parts_;
  CredentialsOptions options_;
  std::map<std::string, std::unique_ptr<http::Transport>> transports_;  ///< by base URL
  std::map<int64_t, std::shared_ptr<Credential>> credentials_;
  std::map<int64_t, std::string> refused_;  ///< fingerprints whose key could not be opened
  int daemons_{1};
};

}  // namespace vapisync::sync
