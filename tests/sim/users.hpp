#pragma once
// Applications that save agents while everything else goes wrong: several orgs, single fields and
// whole documents, both agents at once, deletes, mistakes, and transactions that stay open.
#include "sim/stage.hpp"

namespace vapisync::sim {

/// What a save writes into each of its documents, and nobody else does.
std::string stamp_of(const std::string& request_id);

class Users {
 public:
  Users(Stage& stage, std::function<void(int64_t)> ring) : stage_(stage), ring_(std::move(ring)) {}

  void save_something();
  /// Transactions that are not yet over.
  [[nodiscard]] int open() const { return open_; }

 private:
  test::Change change(const std::string& key, const std::string& stamp);
  test::Change file(const std::string& key, const std::string& stamp);
  void add_mistake(std::string& fields);
  /// Some of these, as references.
  std::string references(std::initializer_list<const char*> names);
  void add_files(test::SaveRequest& request, const std::string& stamp);
  void begin(const test::SaveRequest& request);
  void end(const test::SaveRequest& request, bool heard);

  Stage& stage_;
  std::function<void(int64_t)> ring_;  ///< for a resource
  int64_t saves_{0};
  int open_{0};
};

}  // namespace vapisync::sim
