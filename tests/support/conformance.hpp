#pragma once
// One way to speak to either store of the engine: the one in Postgres and the one in memory that
// the simulation trusts. Time passes only when a test says so.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/engine.hpp"
#include "support/memory_database.hpp"

namespace vapisync::test {

class Bench {
 public:
  static constexpr Milliseconds window = Engine::window;
  static constexpr Milliseconds lease{60'000};

  /// What can be seen of one resource.
  struct View {
    int64_t desired{0};
    int64_t settled{0};
    int64_t live{0};
    int64_t generation{0};
    std::string remote_id;
    std::vector<std::string> sent_keys;
    bool blocked{false};
    std::vector<std::string> entries;  ///< their states, version 1 first
    std::string wanted;                ///< the newest document, in canonical form; empty: none
    bool has_work{false};
    bool is_due{false};
    bool is_leased{false};
    bool is_open{false};
    int attempts{0};
    std::vector<std::string> leftovers;  ///< OBJECT REASON, and `due` where one is to go
  };

  virtual ~Bench() = default;
  virtual void save(const SaveRequest& request) = 0;
  virtual void touch(const std::string& org, const std::string& key) = 0;
  virtual void set_key(const std::string& org, const std::string& fingerprint,
                       bool other_account) = 0;
  virtual std::vector<db::Claim> claim(int rows, int rows_per_org) = 0;
  virtual std::vector<db::Receipt> settle(const std::vector<db::Report>& reports) = 0;
  virtual bool renew(const db::Claim& claim) = 0;
  virtual std::vector<std::string> wanted_keys(const db::Claim& claim) = 0;
  virtual int wake_waiting() = 0;
  virtual void learn_account(const db::Claim& claim, const std::string& account) = 0;
  virtual void pause(const db::Claim& claim, Milliseconds duration) = 0;
  virtual std::vector<db::LeftoverClaim> claim_leftovers() = 0;
  virtual void end_leftover(const db::LeftoverClaim& leftover, bool keep) = 0;
  virtual std::optional<Milliseconds> next_leftover() = 0;
  virtual void pass(Milliseconds time) = 0;
  virtual View view(const std::string& org, const std::string& key) = 0;
  virtual std::string save_state(const std::string& org, const std::string& request) = 0;
};

std::string to_text(const Bench::View& view);

std::unique_ptr<Bench> make_memory_bench();
std::unique_ptr<Bench> make_postgres_bench();

}  // namespace vapisync::test
