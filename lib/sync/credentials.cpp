#include "sync/credentials.hpp"

#include <set>

#include "base/log.hpp"
#include "base/spawn.hpp"
#include "vapi/key_identity.hpp"

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds refused_pause{60'000};
constexpr Milliseconds needed_for{300'000};

/// The keeper lives as long as its coroutine runs, even when the credential was replaced.
asio::awaitable<void> run_keeper(std::shared_ptr<Credential> credential) {
  co_await credential->keeper->run();
}

}  // namespace

Credentials::Credentials(CredentialsParts parts, CredentialsOptions options)
    : parts_(std::move(parts)), options_(std::move(options)) {}

std::shared_ptr<Credential> Credentials::find(int64_t id) const {
  const auto found = credentials_.find(id);
  return found == credentials_.end() ? nullptr : found->second;
}

asio::awaitable<Result<bool>> Credentials::prepare(const std::vector<db::ReadyOrg>& orgs) {
  std::set<int64_t> wanted;
  for (const auto& org : orgs) {
    if (org.credential_id == 0) continue;
    const auto known = find(org.credential_id);
    if (known && known->fingerprint == org.fingerprint) {
      known->needed_at = parts_.clock.now();
      continue;
    }
    const auto refused = refused_.find(org.credential_id);
    const bool still_refused = refused != refused_.end() && refused->second == org.fingerprint;
    if (!still_refused) wanted.insert(org.credential_id);
  }
  if (wanted.empty()) co_return true;
  std::vector<int64_t> ids(wanted.begin(), wanted.end());
  auto rows = co_await parts_.store.load_credentials(std::move(ids));
  if (!rows) co_return rows.error();
  for (auto& row : *rows) {
    // Somebody else may have asked at the same time; two gates would let twice as many through.
    const auto made = find(row.id);
    if (!made || made->fingerprint != row.fingerprint) co_await make(std::move(row));
  }
  co_return true;
}

void Credentials::follow(const std::vector<db::ReadyOrg>& orgs, TimePoint asked_at) {
  const TimePoint now = parts_.clock.now();
  for (const auto& org : orgs) {
    const auto known = find(org.credential_id);
    if (!known || known->fingerprint != org.fingerprint || org.paused) continue;
    if (org.key_paused) {
      // One request finds out whether a rest that is over is enough.
      known->client->gate().pause_until(now + org.rest);
      known->keeper->found_paused(now);
    } else if (known->keeper->found_resumed(asked_at)) {
      known->client->gate().resume();
    }
  }
}

asio::awaitable<void> Credentials::make(db::CredentialRow row) {
  auto key = key_of(row);
  auto transport = transport_to(row.base_url);
  if (!key || !transport) {
    const Error& why = key ? transport.error() : key.error();
    log::failure(log::Level::error, "credential.unusable", why, "its orgs wait; nothing is lost");
    refused_[row.id] = row.fingerprint;
    const auto paused = co_await parts_.store.pause_credential(row.id, why.code, refused_pause);
    if (!paused) log::failure(log::Level::warning, "credential.pause_not_stored", paused.error());
    co_return;
  }
  refused_.erase(row.id);
  if (const auto old = find(row.id)) old->keeper->stop();
  auto credential = std::make_shared<Credential>();
  credential->fingerprint = row.fingerprint;
  credential->is_shared = row.platform;
  credential->needed_at = parts_.clock.now();
  credential->keeper =
      std::make_unique<CredentialKeeper>(parts_.store, parts_.clock, row.id, row.account_id);
  auto* keeper = credential->keeper.get();
  vapi::ClientEvents events;
  events.paused = [keeper](const Error& why, Milliseconds pause) { keeper->paused(why, pause); };
  events.outage = [keeper](const Error& why) { keeper->outage(why); };
  events.recovered = [this, keeper] {
    keeper->recovered();
    options_.recovered();
  };
  vapi::ClientOptions options = options_.client;
  options.key = std::move(*key);
  options.marks_by_name = row.marks_by_name;
  credential->client = std::make_unique<vapi::Client>(**transport, parts_.clock, parts_.random,
                                                      std::move(options), std::move(events));
  credential->client->gate().share_with(daemons_);
  credentials_[row.id] = credential;
  spawn(parts_.executor, run_keeper(std::move(credential)), "credential_keeper");
}

Result<Secret> Credentials::key_of(const db::CredentialRow& row) const {
  if (row.platform) {
    if (!options_.platform_key.empty()) return options_.platform_key;
    return make_error(Verdict::invalid, "no_platform_key",
                      "an org uses the platform key, but vapi.platform_key_file is not set");
  }
  if (!options_.sealer) {
    return make_error(Verdict::invalid, "no_sealing_key",
                      "a Vapi key is sealed in the database, but secrets.key_file is not set");
  }
  return options_.sealer->open(row.key_sealed, vapi::credential_context(row.fingerprint));
}

Result<http::Transport*> Credentials::transport_to(const std::string& base_url) {
  auto& transport = transports_[base_url];
  if (!transport) {
    auto connected = options_.connect(base_url);
    if (!connected) return connected.error();
    transport = std::move(*connected);
  }
  return transport.get();
}

void Credentials::forget_unneeded() {
  const TimePoint since = parts_.clock.now() - needed_for;
  std::erase_if(credentials_, [since](const auto& item) {
    const Credential& credential = *item.second;
    const bool at_rest = credential.client->gate().idle() && credential.keeper->settled();
    if (credential.needed_at >= since || !at_rest) return false;
    credential.keeper->stop();
    return true;
  });
}

void Credentials::share_with(int daemons) {
  daemons_ = daemons;
  for (const auto& [id, credential] : credentials_) credential->client->gate().share_with(daemons);
}

void Credentials::set_limits(const core::GateLimits& limits) {
  options_.client.limits = limits;
  for (const auto& [id, credential] : credentials_) credential->client->gate().set_limits(limits);
}

Credentials::States Credentials::states() const {
  States states;
  const TimePoint now = parts_.clock.now();
  for (const auto& [id, credential] : credentials_) {
    const auto& gate = credential->client->gate();
    if (gate.paused(now)) ++states.paused;
    switch (gate.breaker(now)) {
      case core::Gate::Breaker::closed: ++states.closed; break;
      case core::Gate::Breaker::open: ++states.open; break;
      case core::Gate::Breaker::half_open: ++states.half_open; break;
    }
  }
  return states;
}

void Credentials::stop() {
  for (const auto& [id, credential] : credentials_) credential->keeper->stop();
}

}  // namespace vapisync::sync
