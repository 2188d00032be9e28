#pragma once
// People who save, delete, keep transactions open and ask how their saves are doing, all the while.
// They notice when what they were told turns out not to be true.
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pqxx/pqxx>

#include "support/dice.hpp"

namespace vapisync::chaos {

/// Org and request id.
using SaveName = std::pair<std::string, std::string>;

/// What users remember. Threads share it.
class Memory {
 public:
  void acknowledged(const SaveName& save);
  void withdrawn(const SaveName& save);
  /// What save_status said of a save that has ended.
  void ended(const SaveName& save, const std::string& state);
  void complain(const std::string& complaint);

  std::vector<std::string> complaints();
  std::vector<SaveName> committed();
  std::optional<SaveName> any_committed(double where);  ///< `where` is 0 to 1
  std::set<SaveName> withdrawn_saves();
  std::map<SaveName, std::string> ends();

  /// A number that no other save has.
  int next() { return ++saves_; }

 private:
  std::mutex mutex_;
  std::vector<SaveName> committed_;
  std::set<SaveName> withdrawn_;
  std::map<SaveName, std::string> ends_;
  std::vector<std::string> complaints_;
  std::atomic<int> saves_{0};
};

/// Waits; false when it was told to stop meanwhile. Users need pauses, or nothing ever converges.
bool rest(const std::stop_token& stop, Milliseconds pause);

class User {
 public:
  /// Begins at once, and stops with its destructor.
  User(std::string url, uint64_t seed, Memory& memory);

 private:
  void run(const std::stop_token& stop);
  void save(const std::stop_token& stop);
  void commit(const std::stop_token& stop, const SaveName& name, const std::string& statement);
  bool withdraw(const std::stop_token& stop, const std::string& statement);
  void ask_about(const SaveName& save);
  std::string draw_org(int number);
  std::string draw_change(const std::string& org, const std::string& key, int number, bool& hold);
  pqxx::connection& connection();

  std::string url_;
  test::Dice dice_;
  Memory& memory_;
  std::unique_ptr<pqxx::connection> connection_;
  std::jthread thread_;
};

/// Orgs whose names begin with `rough` save things that Vapi refuses; `own` has a key of its own.
const std::vector<std::string>& orgs();

}  // namespace vapisync::chaos
