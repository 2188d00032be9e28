#include "sim/operators.hpp"

#include <array>
#include <fmt/format.h>

namespace vapisync::sim {
namespace {

constexpr Milliseconds lock_wait{50};
constexpr std::array<const char*, 3> accounts{"platform", "own", "other"};

}  // namespace

void Operators::give_first_keys() {
  for (int i = 1; i <= stage_.swarm.orgs; ++i) {
    if (stage_.world.dice.chance(stage_.swarm.own_keys)) give(fmt::format("org{}", i), "own");
  }
}

void Operators::change_a_key() {
  if (!stage_.faults_are_on) return;
  auto& dice = stage_.world.dice;
  const std::string org = fmt::format("org{}", dice.between(1, stage_.swarm.orgs));
  const bool stays = dice.chance(0.3);
  const auto any = static_cast<size_t>(dice.between(0, accounts.size() - 1));
  give(org, stays ? account_of(stage_.key_of(org)) : accounts.at(any));
}

void Operators::give(const std::string& org_id, const std::string& account) {
  const TimePoint now = stage_.world.now();
  if (now < stage_.database_down_until) return;
  if (stage_.database.is_held(org_id)) {
    stage_.world.after(lock_wait, [this, org_id, account] { give(org_id, account); });
    return;
  }
  const std::string key = fmt::format("{}~{}", account, ++keys_);
  const std::string old = stage_.key_of(org_id);
  const bool other_account = account != account_of(old);
  stage_.database.set_credential(org_id, fingerprint_of(key), other_account, now);
  auto& change = stage_.key_changes[org_id];
  change.at = now;
  if (other_account) {
    ++change.era;
    change.era_began = now;
    change.accounts.insert(account_of(old));
    change.came_back = change.came_back || change.accounts.contains(account);
  }
  vapi_.forget_under_way(org_id);
  if (!is_used(old) && stage_.world.dice.chance(0.5)) vapi_.revoke(old);
  stage_.world.note("key");
  stage_.tell(fmt::format("   {} gets the key {}{}", org_id, key,
                          other_account ? ", of another account" : ""));
}

bool Operators::is_used(const std::string& key) const {
  if (key == platform_key) return true;
  for (int i = 1; i <= stage_.swarm.orgs; ++i) {
    if (stage_.key_of(fmt::format("org{}", i)) == key) return true;
  }
  return false;
}

}  // namespace vapisync::sim
