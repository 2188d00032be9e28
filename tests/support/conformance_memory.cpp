#include <algorithm>
#include <fmt/format.h>

#include "base/json.hpp"
#include "support/conformance.hpp"

namespace vapisync::test {
namespace {

class MemoryBench final : public Bench {
 public:
  void save(const SaveRequest& request) override {
    if (!database_.save(request, now_)) throw std::runtime_error("the save was refused");
  }
  void touch(const std::string& org, const std::string& key) override {
    database_.touch(database_.find(org, key)->id, now_);
  }
  void set_key(const std::string& org, const std::string& fingerprint,
               bool other_account) override {
    database_.set_credential(org, fingerprint, other_account, now_);
  }
  std::vector<db::Claim> claim(int rows, int rows_per_org) override {
    db::ClaimRequest request{{}, rows_per_org, lease};
    for (const auto& org : database_.sweep({{}, rows}, now_)) request.shares.push_back({org, rows});
    return database_.facts(database_.claim(request, "test-daemon", now_));
  }
  std::vector<db::Receipt> settle(const std::vector<db::Report>& reports) override {
    auto receipts = database_.settle(reports, now_);
    database_.wake_neighbours(reports, receipts, now_);
    return receipts;
  }
  bool renew(const db::Claim& claim) override {
    return database_.renew(claim.resource_id, claim.token, lease, now_);
  }
  std::vector<std::string> wanted_keys(const db::Claim& claim) override {
    return database_.wanted_keys(claim.resource_id);
  }
  int wake_waiting() override {
    return database_.wake_waiting(MemoryDatabase::platform_credential, now_);
  }
  void learn_account(const db::Claim& claim, const std::string& account) override {
    database_.learn_account(claim.credential_id, account);
  }
  void pause(const db::Claim& claim, Milliseconds duration) override {
    database_.pause_credential(claim.credential_id, duration, now_);
  }
  std::vector<db::LeftoverClaim> claim_leftovers() override {
    return database_.claim_leftovers(20, lease, now_);
  }
  void end_leftover(const db::LeftoverClaim& leftover, bool keep) override {
    database_.end_leftover(leftover, keep);
  }
  std::optional<Milliseconds> next_leftover() override { return database_.next_leftover(now_); }
  void pass(Milliseconds time) override { now_ = now_ + time; }

  View view(const std::string& org, const std::string& key) override {
    const auto& resource = *database_.find(org, key);
    View out;
    out.desired = resource.desired;
    out.settled = resource.settled;
    out.live = resource.live;
    out.generation = resource.generation;
    out.remote_id = resource.remote.id;
    out.sent_keys = resource.remote.sent_keys;
    out.blocked = resource.last_error.has_value();
    for (const auto& entry : resource.entries) {
      out.entries.emplace_back(to_string(resource.state_of(entry.version)));
    }
    const std::string& newest = resource.entries.back().payload;
    if (!newest.empty()) out.wanted = json::canonical(*json::parse(newest));
    if (const auto row = database_.work.find(resource.id); row != database_.work.end()) {
      out.has_work = true;
      out.is_due = row->second.due_at <= now_;
      out.is_leased = row->second.leased_until && *row->second.leased_until > now_;
      out.is_open = row->second.open_until.has_value();
      out.attempts = row->second.attempts;
    }
    for (const auto& leftover : database_.leftovers) {
      if (leftover.resource_id != resource.id) continue;
      const bool is_due = leftover.due_at && *leftover.due_at <= now_;
      out.leftovers.push_back(fmt::format("{} {}{}", leftover.object(), leftover.reason,
                                          is_due            ? " due"
                                          : leftover.due_at ? " later"
                                                            : ""));
    }
    std::sort(out.leftovers.begin(), out.leftovers.end());
    return out;
  }
  std::string save_state(const std::string& org, const std::string& request) override {
    return std::string(to_string(database_.saves.at({org, request}).state));
  }

 private:
  static MemoryDatabase::Options options() {
    MemoryDatabase::Options options;
    options.late_window = window;
    return options;
  }

  MemoryDatabase database_{options()};
  TimePoint now_{std::chrono::hours(1)};
};

}  // namespace

std::string to_text(const Bench::View& view) {
  const auto flag = [](bool is, const char* word) { return is ? word : ""; };
  return fmt::format(
      "desired {} settled {} live {} generation {} id '{}' keys [{}] entries [{}] wanted "
      "{}{}{}{}{}{}"
      " attempts {} leftovers [{}]",
      view.desired, view.settled, view.live, view.generation, view.remote_id,
      fmt::join(view.sent_keys, ","), fmt::join(view.entries, ","), view.wanted,
      flag(view.blocked, " blocked"), flag(view.has_work, " work"), flag(view.is_due, " due"),
      flag(view.is_leased, " leased"), flag(view.is_open, " open"), view.attempts,
      fmt::join(view.leftovers, ","));
}

std::unique_ptr<Bench> make_memory_bench() {
  return std::make_unique<MemoryBench>();
}

}  // namespace vapisync::test
