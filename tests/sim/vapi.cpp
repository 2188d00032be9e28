#include "sim/vapi.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/json.hpp"
#include "core/marker.hpp"
#include "sim/kinds.hpp"
#include "sim/vapi_faults.hpp"
#include "sim/vapi_letter.hpp"

namespace vapisync::sim {
namespace {

sandbox::JournalLimits journal_limits() {
  sandbox::JournalLimits limits;
  limits.entries_max = 16;
  limits.body_bytes_max = 0;
  return limits;
}

int64_t parse_owner(std::string_view marker) {
  const size_t slash = marker.find('/');
  if (slash == std::string_view::npos || marker.substr(0, slash) != installation) return 0;
  int64_t id = 0;
  std::from_chars(marker.data() + slash + 1, marker.data() + marker.size(), id);
  return id;
}

int64_t owner_in(std::string_view body) {
  const auto parsed = json::parse(body);
  if (!parsed) return 0;
  const auto marker = core::read_marker(*parsed);
  return marker ? parse_owner(marker->resource) : 0;
}

/// `/KIND/ID`; a list has none.
std::string id_in(const std::string& target) {
  const size_t slash = target.find('/', 1);
  return slash == std::string::npos ? std::string() : target.substr(slash + 1);
}

http::Exchange no_answer(std::string code, bool sent) {
  return http::TransportFailure{std::move(code), "api.sim:443: simulated", sent};
}

}  // namespace

class Vapi::Line final : public http::Transport {
 public:
  Line(Vapi& vapi, Caller& caller) : vapi_(vapi), caller_(caller) {}

  boost::asio::awaitable<http::Exchange> send(http::Request request) override {
    // Between the last look at the lease and the first byte a process can be stopped.
    co_await caller_.fate->strike(request.method == http::Method::get ? "read" : "write");
    auto debt = std::make_shared<Debt<http::Exchange>>(*caller_.process);
    auto letter = std::make_shared<Letter>();
    letter->resource = vapi_.resource_of(request);
    letter->id = id_in(request.target);
    letter->caller = caller_.name;
    letter->sent = vapi_.stage_.world.now();
    letter->owed = debt;
    const Milliseconds patience = request.timeout;
    letter->cleans = request.method != http::Method::patch && !letter->id.empty() &&
                     caller_.store->ends_leftover(letter->resource, letter->id) &&
                     !vapi_.is_claimed(caller_, *letter);
    letter->request = std::move(request);
    letter->era = vapi_.era_of(caller_, letter->resource);
    vapi_.check_before_sending(caller_, *letter);
    const std::string key = letter->request.bearer.reveal();
    ++caller_.in_flight[key];
    letter->counts =
        letter->resource != 0 && !letter->cleans && !vapi_.is_of_the_past(caller_, *letter);
    if (letter->counts) caller_.busy.insert(letter->resource);
    vapi_.stage_.world.after(patience, [letter] { letter->answer(no_answer("timeout", true)); });
    vapi_.send(letter);
    http::Exchange exchange = co_await Debt<http::Exchange>::collect(std::move(debt));
    --caller_.in_flight[key];
    if (letter->counts && !vapi_.is_of_the_past(caller_, *letter)) {
      caller_.busy.extract(letter->resource);
    }
    const int status = exchange ? exchange->status : 0;
    if (status >= 400) ++vapi_.error_answers;
    vapi_.stage_.world.note("answer", status);
    vapi_.stage_.tell(fmt::format("{} <- {} {}", caller_.name, letter->resource,
                                  exchange ? std::to_string(status) : exchange.error().code));
    co_return exchange;
  }

 private:
  Vapi& vapi_;
  Caller& caller_;
};

Vapi::Vapi(Stage& stage)
    : stage_(stage), service_(stage.world.dice.seed(), journal_limits(), vapi_kinds()) {
  plan_faults();
}

std::unique_ptr<http::Transport> Vapi::connect(Caller& caller) {
  callers_.push_back(&caller);
  return std::make_unique<Line>(*this, caller);
}

void Vapi::hang_up(Caller& caller) {
  std::erase(callers_, &caller);
}

std::vector<Vapi::Place> Vapi::objects() const {
  std::vector<Place> out;
  for (const auto& account : service_.store().accounts()) {
    for (const auto& [kind, collection] : account->collections) {
      for (const auto& [place, object] : collection.objects()) {
        out.push_back({&object, account.get()});
      }
    }
  }
  return out;
}

const sandbox::Object* Vapi::find(std::string_view id) const {
  for (const auto& account : service_.store().accounts()) {
    for (auto& [kind, collection] : account->collections) {
      if (const auto* object = collection.find(id)) return object;
    }
  }
  return nullptr;
}

int64_t Vapi::owner_of(const sandbox::Object& object) {
  return owner_in(object.config);
}

int64_t Vapi::resource_of(const http::Request& request) const {
  const auto known = owners_.find(id_in(request.target));
  return known != owners_.end() ? known->second : owner_in(request.body);
}

bool Vapi::is_of_the_past(const std::string& object_id) const {
  const auto era = era_of_object_.find(object_id);
  const auto owner = owners_.find(object_id);
  if (era == era_of_object_.end() || owner == owners_.end()) return false;
  return era->second < stage_.era_of(org_of(owner->second), stage_.world.now());
}

/// What was claimed before its org went elsewhere still goes to the account that was left.
int Vapi::era_of(const Caller& caller, int64_t resource) const {
  if (resource == 0) return 0;
  const TimePoint claimed = caller.store->claimed_at(resource).value_or(stage_.world.now());
  return stage_.era_of(org_of(resource), claimed);
}

bool Vapi::is_in_account(const sandbox::Object& object, const std::string& name) const {
  const std::string fingerprint = json::sha256_hex(name).substr(0, 12);
  const auto places = objects();
  return std::any_of(places.begin(), places.end(), [&](const Place& place) {
    return place.account->fingerprint == fingerprint && place.object->id == object.id;
  });
}

const sandbox::Kind& Vapi::kind_of(int64_t resource) const {
  return *sandbox::find_kind(stage_.database.resources.at(resource).kind, vapi_kinds());
}

bool Vapi::is_assistant(int64_t resource) const {
  return stage_.database.resources.at(resource).kind == "assistant";
}

const std::string& Vapi::org_of(int64_t resource) const {
  return stage_.database.resources.at(resource).org_id;
}

void Vapi::send(const std::shared_ptr<Letter>& letter) {
  auto& dice = stage_.world.dice;
  const Swarm& swarm = stage_.swarm;
  const bool faults = stage_.faults_are_on;
  // Of one that a process sends that was stopped nobody can know.
  const bool is_create = letter->request.method == http::Method::post && letter->counts;
  Milliseconds way = dice.between(Milliseconds{1}, Milliseconds{60});
  if (faults && dice.chance(swarm.connect_fails)) {
    stage_.world.after(way, [letter] { letter->answer(no_answer("connect_failed", false)); });
    return;
  }
  if (faults && dice.chance(swarm.lost_request)) {
    if (dice.chance(0.5)) {
      stage_.world.after(way, [letter] { letter->answer(no_answer("connection_lost", true)); });
    }
    return;  // else the daemon waits until it gives up
  }
  if (faults && dice.chance(swarm.late)) {
    // What a lost create made must be listed by the time that W is over.
    const Milliseconds latest = (swarm.window - swarm.list_lag) * 9 / 10;
    if (dice.chance(0.5)) {
      stage_.world.after(way, [letter] { letter->answer(no_answer("connection_lost", true)); });
    }
    way = dice.between(Milliseconds{100}, latest);
  }
  ++under_way_;
  if (is_create) ++creates_under_way_[{letter->resource, letter->era}];
  stage_.world.after(way, [this, letter, is_create] {
    --under_way_;
    if (is_create) --creates_under_way_[{letter->resource, letter->era}];
    land(letter);
  });
}

void Vapi::land(const std::shared_ptr<Letter>& letter) {
  auto& dice = stage_.world.dice;
  sandbox::Outcome outcome = service_.handle(to_sandbox(letter->request), stage_.vapi_time());
  const sandbox::JournalEntry& entry = service_.journal().entries().back();
  if (entry.change.op == sandbox::ChangeOp::created) {
    owners_[entry.object_id] = letter->resource;
    era_of_object_[entry.object_id] = letter->era;
    if (!letter->counts) late_creates_.insert(entry.object_id);
  }
  stage_.world.note("landed", entry.executed);
  if (letter->is_write()) {
    stage_.tell(fmt::format("   vapi: {} {} of {} executed {} status {} object {}", entry.method,
                            entry.target, letter->caller, entry.executed, entry.status,
                            entry.object_id));
  }
  if (stage_.faults_are_on && dice.chance(stage_.swarm.lost_answer)) {
    if (dice.chance(0.5)) letter->answer(no_answer("connection_lost", true));
    return;
  }
  const Milliseconds back = outcome.delay + dice.between(Milliseconds{1}, Milliseconds{60});
  stage_.world.after(back, [letter, outcome = std::move(outcome)]() mutable {
    letter->answer(outcome.cut ? no_answer("connection_lost", true)
                               : http::Exchange(to_response(std::move(outcome.reply))));
  });
}

void Vapi::trouble(Trouble trouble, Milliseconds duration) {
  if (trouble_ != Trouble::none) return;
  trouble_ = trouble;
  const int64_t org = stage_.world.dice.between(1, stage_.swarm.orgs);
  refused_key_ = stage_.key_of(fmt::format("org{}", org));
  plan_faults();
  stage_.tell(fmt::format("   vapi is in trouble ({}) for {} ms", static_cast<int>(trouble),
                          duration.count()));
  stage_.world.after(duration, [this] {
    trouble_ = Trouble::none;
    plan_faults();
  });
}

void Vapi::lift() {
  trouble_ = Trouble::none;
  plan_faults();
}

void Vapi::revoke(const std::string& key) {
  revoked_keys_.insert(key);
  plan_faults();
}

void Vapi::plan_faults() {
  const PassingTrouble trouble{trouble_, refused_key_};
  const auto plan = fault_plan(stage_.faults_are_on ? &stage_.swarm : nullptr, trouble,
                               revoked_keys_, stage_.world.dice);
  const auto set = service_.set_faults(plan, stage_.vapi_time());
  if (!set) stage_.complain("the fault plan is wrong: " + set.error().message);
}

void Vapi::edit_behind_our_back(int64_t resource) {
  if (!is_assistant(resource)) return;
  const std::string id = stage_.database.resources.at(resource).remote.id;
  if (id.empty() || find(id) == nullptr) return;
  const bool own_key = stage_.world.dice.chance(0.5);
  const std::string key = own_key ? "backgroundSound" : "firstMessage";
  sandbox::Request request;
  request.method = "PATCH";
  request.body = fmt::format(R"({{"{}":"office"}})", key);
  service_.tamper(request, kind_of(resource), id, stage_.vapi_time());
  drifted.insert(resource);
  edited_keys.insert(id + "/" + key);
  stage_.tell(fmt::format("   a user edits {} of {}", key, id));
}

void Vapi::delete_behind_our_back(int64_t resource) {
  const std::string id = stage_.database.resources.at(resource).remote.id;
  if (id.empty() || find(id) == nullptr) return;
  sandbox::Request request;
  request.method = "DELETE";
  service_.tamper(request, kind_of(resource), id, stage_.vapi_time());
  drifted.insert(resource);
  stage_.tell("   a user deletes " + id);
}

void Vapi::forget_under_way(const std::string& org_id) {
  for (Caller* caller : callers_) {
    std::erase_if(caller->busy, [&](int64_t resource) { return org_of(resource) == org_id; });
  }
}

/// Vapi's dashboard copies an assistant with its metadata, and so with our marker.
void Vapi::clone(int64_t resource) {
  if (!is_assistant(resource)) return;
  const sandbox::Object* original = find(stage_.database.resources.at(resource).remote.id);
  if (original == nullptr) return;
  http::Request request;
  request.method = http::Method::post;
  request.target = "/assistant";
  request.bearer = Secret(stage_.key_of(org_of(resource)));
  request.body = original->config;
  service_.handle(to_sandbox(request), stage_.vapi_time());
  const sandbox::JournalEntry& entry = service_.journal().entries().back();
  if (entry.change.op != sandbox::ChangeOp::created) return;
  clones.insert(entry.object_id);
  owners_[entry.object_id] = resource;
  era_of_object_[entry.object_id] = stage_.era_of(org_of(resource), stage_.world.now());
  stage_.tell(fmt::format("   a user clones resource {} as {}", resource, entry.object_id));
}

}  // namespace vapisync::sim
