#include "sim/daemon.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "base/spawn.hpp"
#include "sim/kinds.hpp"

namespace vapisync::sim {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds retry_base{200};
constexpr Milliseconds retry_max{8'000};
constexpr Milliseconds again{200};
constexpr Milliseconds look_every{5'000};

vapi::ClientOptions client_options(const Swarm& swarm) {
  vapi::ClientOptions options;
  options.request_timeout = swarm.request_timeout;
  options.limits.rate_per_second = swarm.rate_per_second;
  options.limits.in_flight = swarm.in_flight;
  options.limits.backoff = {retry_base, retry_max};
  options.auth_pause_first = Milliseconds{2'000};
  options.auth_pause_max = Milliseconds{10'000};
  return options;
}

sync::DispatcherOptions dispatcher_options(const Swarm& swarm) {
  sync::DispatcherOptions options;
  options.in_flight = 16;
  options.in_flight_per_org = 4;
  options.batch = 20;
  options.lease = swarm.lease;
  return options;
}

}  // namespace

Daemon::Daemon(Stage& stage, Vapi& vapi, std::string name, std::function<void(Daemon&)> kill)
    : stage_(stage),
      vapi_(vapi),
      kill_(std::move(kill)),
      process_(stage.world, stage.world.dice.between(Milliseconds{0}, Milliseconds{100'000'000})),
      random_(stage.world.dice.seed()),
      caller_{.name = std::move(name)},
      store_(stage, process_, *this, caller_.name) {
  caller_.process = &process_;
  caller_.fate = this;
  caller_.store = &store_;
  stage_.tell(caller_.name + " starts");
  spawn(process_.context().get_executor(), live(), "live");
}

Daemon::~Daemon() {
  vapi_.hang_up(caller_);
  stage_.tell(caller_.name + (ended_ ? " has ended" : " is dead"));
}

asio::awaitable<void> Daemon::live() {
  while (!stopping_) {
    const auto known = co_await store_.installation_id();
    const auto credential =
        co_await store_.register_platform(fingerprint_of(platform_key), "https://api.sim", true);
    if (known && credential) break;
    co_await sleep_for(process_, again);
  }
  if (!stopping_) {
    build();
    const auto executor = process_.context().get_executor();
    spawn(executor, dispatcher_->run(), "dispatcher");
    spawn(executor, janitor_->run(), "janitor");
    co_await dispatcher_->recorder().run();
    janitor_->stop();
    credentials_->stop();
  }
  ended_ = true;
}

void Daemon::build() {
  sync::CredentialsOptions keys;
  keys.client = client_options(stage_.swarm);
  keys.platform_key = Secret(std::string(platform_key));
  keys.sealer = sealer();
  keys.connect = [this](const std::string&) -> Result<std::unique_ptr<http::Transport>> {
    return vapi_.connect(caller_);
  };
  keys.recovered = [this] { dispatcher_->ring(); };
  const auto executor = process_.context().get_executor();
  credentials_ = std::make_unique<sync::Credentials>(
      sync::CredentialsParts{executor, store_, process_, random_}, std::move(keys));
  sync::SyncerOptions options{std::string(installation), stage_.swarm.window, stage_.swarm.lease,
                              core::RetryPolicy{retry_base, retry_max}, stage_.swarm.attempts_max};
  options.kinds = kinds();
  syncer_ = std::make_unique<sync::Syncer>(store_, process_, random_, std::move(options));
  const sync::DispatcherParts parts{store_, process_, *credentials_, *syncer_};
  dispatcher_ =
      std::make_unique<sync::Dispatcher>(executor, parts, dispatcher_options(stage_.swarm));
  sync::JanitorOptions cleaning{std::string(installation)};
  cleaning.kinds = kinds();
  cleaning.look_every = look_every;
  cleaning.lease = stage_.swarm.lease;
  janitor_ = std::make_unique<sync::Janitor>(store_, process_, *credentials_, std::move(cleaning));
  dispatcher_->set_leftover_listed([this] { janitor_->look(); });
  // A lost LISTEN connection is noticed late, or never.
  dispatcher_->set_listening([] { return true; });
}

void Daemon::ring(int64_t resource) {
  if (!dispatcher_) return;
  auto heard = [weak = std::weak_ptr(self_), resource] {
    if (const auto self = weak.lock()) (*self)->dispatcher_->ring(resource);
  };
  stage_.world.after(stage_.world.dice.between(Milliseconds{0}, Milliseconds{2}), heard);
}

void Daemon::stop() {
  stage_.tell(caller_.name + " is asked to stop");
  stopping_ = true;
  if (dispatcher_) dispatcher_->stop();
}

/// Before anything leaves the process, it may die, or stand still for a while.
asio::awaitable<void> Daemon::strike(std::string_view where) {
  if (!stage_.faults_are_on) co_return;
  auto& dice = stage_.world.dice;
  // One that was stopped and still sends something must live to tell: nobody else can know of it.
  if (!was_frozen_ && !doomed_ && dice.chance(stage_.swarm.crash)) {
    const bool before = dice.chance(0.5);
    stage_.tell(
        fmt::format("{} dies {} {}", caller_.name, before ? "before" : "soon after", where));
    crash(before ? Milliseconds{0} : dice.between(Milliseconds{0}, Milliseconds{150}));
    if (before) {
      process_.freeze();
      co_await asio::post(process_.context(), asio::use_awaitable);
    }
  }
  if (!doomed_ && dice.chance(stage_.swarm.freeze)) {
    stage_.tell(fmt::format("{} is frozen before {}", caller_.name, where));
    freeze();
    co_await asio::post(process_.context(), asio::use_awaitable);
  }
}

/// Of one that got another key the daemon may not know yet.
bool Daemon::may_claim(const std::string& org_id) const {
  const auto credential = credentials_->find(stage_.database.credential_of(org_id));
  if (!credential || stage_.key_changes.contains(org_id)) return true;
  const core::Gate& gate = credential->client->gate();
  const TimePoint now = process_.now();
  return gate.breaker(now) != core::Gate::Breaker::open && !gate.paused(now);
}

void Daemon::crash(Duration after) {
  doomed_ = true;
  stage_.world.after(after, [weak = std::weak_ptr(self_)] {
    if (const auto self = weak.lock()) (*self)->kill_(**self);
  });
}

void Daemon::freeze() {
  was_frozen_ = true;
  process_.freeze();
  const Milliseconds lease = stage_.swarm.lease;
  stage_.world.after(stage_.world.dice.between(lease / 2, lease * 4),
                     [weak = std::weak_ptr(self_)] {
                       if (const auto self = weak.lock()) (*self)->thaw();
                     });
}

void Daemon::thaw() {
  if (!process_.frozen()) return;
  stage_.tell(caller_.name + " goes on");
  process_.thaw();
  caller_.thawed_at = stage_.world.now();
  caller_.busy.clear();
}

}  // namespace vapisync::sim
