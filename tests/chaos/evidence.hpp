#pragma once
// What database, sandbox and journal say when the faults have stopped.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "chaos/users.hpp"
#include "support/stage.hpp"

namespace vapisync::chaos {

/// The fields by which a version is recognised; absent and null are the same.
struct Content {
  std::map<std::string, std::string> fields;
  auto operator<=>(const Content&) const = default;
};
Content content_of(const json::Value& document);
std::string to_text(const Content& content);

struct Entry {
  int64_t version{0};
  bool is_delete{false};
  std::string cause;
  std::string state;
  std::string save_id;
  std::optional<json::Document> ask;  ///< none: the payload is the ask
  std::string payload;
  Content content;  ///< of the payload
};

struct Resource {
  int64_t id{0};
  std::string org;
  std::string key;
  int64_t desired{0};
  int64_t settled{0};
  int64_t live{0};
  std::string remote_id;
  std::string account;
  bool blocked{false};
  std::vector<Entry> entries;  ///< by version, which begins at 1

  [[nodiscard]] std::string name() const { return org + " " + key; }
  [[nodiscard]] const Entry& entry(int64_t version) const {
    return entries.at(static_cast<size_t>(version - 1));
  }
};

struct Save {
  std::string org;
  std::string request;
  std::string state;
  int64_t open{0};
  std::string told;  ///< by save_status
};

struct Books {
  std::map<int64_t, Resource> resources;
  std::map<std::string, Save> saves;  ///< by save id
  std::set<std::string> leftovers;    ///< remote ids and markers
};
Books read_books(const std::string& url);

/// Our marker in an object or a body.
struct Owner {
  int64_t resource{0};  ///< 0: not ours
  std::string attempt;
};

struct Object {
  std::string id;
  std::string account;
  Owner owner;
  json::Document document;
};
std::vector<Object> read_objects(test::SandboxProcess& sandbox);

/// One entry of the sandbox's journal that is about an object.
struct Call {
  uint64_t seq{0};
  int64_t at_ms{0};  ///< wall clock
  std::string method;
  std::string account;
  std::string object;
  std::string changed;   ///< created, updated, deleted; empty: nothing
  bool executed{false};  ///< with success
  bool landed_late{false};
  Owner owner;  ///< by the body
  Content content;
};

/// The journal as it grows: the sandbox forgets its beginning.
class Journal {
 public:
  /// Reads on. Throws when the sandbox has forgotten what was not read yet.
  void read(test::SandboxProcess& sandbox);
  [[nodiscard]] const std::vector<Call>& calls() const { return calls_; }

 private:
  uint64_t seen_{0};
  std::vector<Call> calls_;
};

/// A time in which an old request may arrive: a process went on that had stood still, or a
/// connection did.
struct LateTime {
  int64_t from_ms{0};
  int64_t until_ms{0};
};

struct Evidence {
  Books books;
  std::vector<Object> objects;
  const std::vector<Call>* calls{nullptr};
  std::vector<LateTime> late_times;
  std::vector<SaveName> committed;
  std::set<SaveName> withdrawn;
  std::map<SaveName, std::string> ends;
};

}  // namespace vapisync::chaos
