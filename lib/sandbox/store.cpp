#include "sandbox/store.hpp"

#include <charconv>
#include <fmt/format.h>

#include "base/random.hpp"

namespace vapisync::sandbox {
namespace {

constexpr size_t accounts_max = 100'000;

/// Keys of one account share what stands before the first '~', so that a key can be changed.
std::string_view account_name(std::string_view key) {
  return key.substr(0, key.find('~'));
}

/// The same key has the same organisation in every run with the same seed, whoever comes first.
uint64_t seed_of(uint64_t seed, std::string_view digest) {
  uint64_t bits = 0;
  std::from_chars(digest.data(), digest.data() + 16, bits, 16);
  return seed ^ bits;
}

}  // namespace

Object& Collection::add(Object object) {
  const uint64_t order = next_++;
  index_.emplace(object.id, order);
  return objects_.emplace(order, std::move(object)).first->second;
}

Object* Collection::find(std::string_view id) {
  const auto it = index_.find(std::string(id));
  return it == index_.end() ? nullptr : &objects_.at(it->second);
}

bool Collection::remove(std::string_view id) {
  const auto it = index_.find(std::string(id));
  if (it == index_.end()) return false;
  objects_.erase(it->second);
  index_.erase(it);
  return true;
}

Account* Store::account_of(std::string_view key) {
  const std::string name(account_name(key));
  const auto it = by_name_.find(name);
  if (it != by_name_.end()) return it->second;
  if (accounts_.size() >= accounts_max) return nullptr;
  const std::string digest = json::sha256_hex(name);
  auto account = std::make_unique<Account>();
  account->org_id = Random(seed_of(seed_, digest)).uuid();
  account->fingerprint = digest.substr(0, 12);
  for (const auto& kind : kinds_) account->collections[kind.path];
  accounts_.push_back(std::move(account));
  return by_name_[name] = accounts_.back().get();
}

Account* Store::owner_of(const Kind& kind, std::string_view id) {
  for (const auto& account : accounts_) {
    if (account->collections[kind.path].find(id) != nullptr) return account.get();
  }
  return nullptr;
}

std::string render(const Account& account, const Object& object) {
  std::string text = fmt::format(
      R"({{"id":"{}","orgId":"{}","createdAt":"{}","updatedAt":"{}","latestVersion":"v{}")",
      object.id, account.org_id, to_iso(object.created), to_iso(object.updated), object.version);
  if (object.config.size() > 2) text += ',';
  text.append(object.config, 1);
  return text;
}

}  // namespace vapisync::sandbox
