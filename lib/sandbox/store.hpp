#pragma once
// The stand-in's memory: accounts, and in each account the objects of every kind.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json.hpp"
#include "sandbox/kinds.hpp"
#include "sandbox/wall_time.hpp"

namespace vapisync::sandbox {

struct Object {
  std::string id;
  std::string config;  ///< what the client set, as the text of a JSON object
  Instant created;
  Instant updated;
  uint64_t version{1};
  Instant listed_from;    ///< before it, lists do not show the object
  Instant readable_from;  ///< before it, GET does not find the object
};

/// The objects of one kind in one account, oldest first.
class Collection {
 public:
  Object& add(Object object);
  Object* find(std::string_view id);
  bool remove(std::string_view id);
  [[nodiscard]] const std::map<uint64_t, Object>& objects() const { return objects_; }
  [[nodiscard]] size_t size() const { return objects_.size(); }

 private:
  std::map<uint64_t, Object> objects_;
  std::unordered_map<std::string, uint64_t> index_;
  uint64_t next_{0};
};

struct Account {
  std::string org_id;
  std::string fingerprint;  ///< tells accounts apart without showing a key
  std::map<std::string_view, Collection> collections;  ///< by Kind::path
};

class Store {
 public:
  explicit Store(uint64_t seed, std::span<const Kind> kinds = sandbox::kinds())
      : seed_(seed), kinds_(kinds) {}

  /// The account of a key, made at its first use; nullptr when there are too many.
  Account* account_of(std::string_view key);
  [[nodiscard]] const std::vector<std::unique_ptr<Account>>& accounts() const { return accounts_; }
  /// The account that holds an object, or nullptr.
  Account* owner_of(const Kind& kind, std::string_view id);

 private:
  uint64_t seed_;
  std::span<const Kind> kinds_;
  std::vector<std::unique_ptr<Account>> accounts_;  ///< in the order of their first request
  std::unordered_map<std::string, Account*> by_name_;
};

/// The answer's form of an object: server fields first, then what the client set.
std::string render(const Account& account, const Object& object);

}  // namespace vapisync::sandbox
