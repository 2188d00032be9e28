// The same story told to both stores, step by step: they never differ.
#include <deque>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "base/json.hpp"
#include "support/conformance.hpp"
#include "support/log_capture.hpp"

namespace vapisync::test {
namespace {

constexpr const char* org = "acme";

std::string canonical(const std::string& document) {
  return document.empty() ? "" : json::canonical(*json::parse(document));
}

std::string to_text(const db::Claim& claim) {
  std::string out = claim.key + " " + std::to_string(claim.version);
  out += " by " + std::to_string(claim.credential_id);
  out += claim.op == core::Op::remove ? " delete" : " " + canonical(claim.payload);
  out += " live " + canonical(claim.live_payload) + " id " + claim.remote.id;
  out += " attempts " + std::to_string(claim.attempts) + (claim.blocked ? " blocked" : "");
  if (claim.open) out += " open";
  for (const auto& key : claim.open_keys) out += "," + key;
  return out;
}

/// One store, and the claims taken there.
struct Side {
  std::unique_ptr<Bench> bench;
  std::deque<db::Claim> claims;
};

struct ConformanceRandom : ::testing::Test {
  LogCapture log;
  std::mt19937 chance;
  std::vector<std::string> requests;
  Side memory;
  Side postgres;

  int pick(int below) { return static_cast<int>(chance() % static_cast<unsigned>(below)); }

  Change change(const std::string& key, const std::string& value) {
    const auto field = [&](const char* name) { return '"' + std::string(name) + "\":" + value; };
    const int kind = pick(8);
    if (kind == 0 && memory_has(key)) return {key, Change::Op::remove, ""};
    if (kind < 3) {
      const std::string more = kind == 1 ? "," + field("endCallMessage") : "";
      return {key, Change::Op::put, "{" + field("name") + more + "}"};
    }
    std::string asked = field(pick(2) == 0 ? "name" : "firstMessage");
    if (pick(2) == 0) {
      asked += R"(,"vapi":{)" +
               (pick(2) == 0 ? std::string(R"("endCallMessage":null)") : field("endCallMessage")) +
               "}";
    }
    return {key, Change::Op::ask, "{" + asked + "}"};
  }
  bool memory_has(const std::string& key) {
    return std::find(known_.begin(), known_.end(), key) != known_.end();
  }
  void save() {
    const std::string request = "r" + std::to_string(requests.size() + 1);
    SaveRequest saved{org, request, {}, pick(3) == 0 ? OnReject::hold : OnReject::rollback};
    const int which = pick(3);
    for (const std::string key : {"inbound", "outbound"}) {
      if ((which == 0 && key == "outbound") || (which == 1 && key == "inbound")) continue;
      saved.changes.push_back(change(key, '"' + request + '"'));
    }
    for (const auto& change : saved.changes) known_.push_back(change.key);
    requests.push_back(request);
    memory.bench->save(saved);
    postgres.bench->save(saved);
  }
  static std::map<std::string, db::Claim> take(Bench& bench) {
    std::map<std::string, db::Claim> out;
    for (auto& claim : bench.claim(10, 10)) {
      const std::string key = claim.key;
      out.emplace(key, std::move(claim));
    }
    return out;
  }
  void claim() {
    auto ours = take(*memory.bench);
    auto theirs = take(*postgres.bench);
    ASSERT_EQ(ours.size(), theirs.size());
    for (auto& [key, claim] : ours) {
      ASSERT_TRUE(theirs.contains(key));
      ASSERT_EQ(to_text(claim), to_text(theirs.at(key)));
      memory.claims.push_back(std::move(claim));
      postgres.claims.push_back(std::move(theirs.at(key)));
    }
  }

  struct Verdict {
    int outcome{0};
    std::string path;
    bool late{false};
  };
  Verdict draw_verdict() {
    Verdict verdict{pick(10), "", pick(2) == 0};
    for (const char* path : {"name", "firstMessage", "endCallMessage"}) {
      if (pick(5) == 0) verdict.path = path;
    }
    return verdict;
  }
  static db::Report report_of(const db::Claim& claim, const Verdict& verdict) {
    db::Report report;
    if (verdict.outcome < 4) {
      report = confirmed(claim);
      report.clears_open = claim.open && claim.open_age >= Bench::window;
      if (claim.op == core::Op::remove) report.remote = {};
      if (claim.blocked) report.outcome = db::Outcome::looked;
    } else if (verdict.outcome < 7 && !claim.blocked) {
      report = failed(claim, db::Outcome::rejected);
      report.error->path = verdict.path;
      report.opens = verdict.outcome == 4;
    } else if (verdict.outcome == 7 && !claim.blocked) {
      report = failed(claim, db::Outcome::forgotten);
      report.remote = {};
    } else {
      report = test::report(claim, db::Outcome::retry);
      report.opens = verdict.outcome == 8;
      report.burn = true;
      report.delay = Milliseconds{30'000};
    }
    report.wrote = verdict.late;
    report.wrote_keys = {"voicemailMessage"};
    return report;
  }
  /// Of any claim that was ever taken: most are another's by then, or settled.
  void settle() {
    if (memory.claims.empty()) return;
    const auto recent = std::min<size_t>(memory.claims.size(), 4);
    const size_t which =
        memory.claims.size() - 1 - static_cast<size_t>(pick(static_cast<int>(recent)));
    const Verdict verdict = draw_verdict();
    const auto ours = memory.bench->settle({report_of(memory.claims[which], verdict)}).front();
    const auto theirs =
        postgres.bench->settle({report_of(postgres.claims[which], verdict)}).front();
    EXPECT_EQ(ours.recorded, theirs.recorded);
    EXPECT_EQ(ours.due_now, theirs.due_now);
  }
  void pass(Milliseconds time) {
    memory.bench->pass(time);
    postgres.bench->pass(time);
  }
  void touch() {
    if (known_.empty()) return;
    const std::string& key = known_[static_cast<size_t>(pick(static_cast<int>(known_.size())))];
    memory.bench->touch(org, key);
    postgres.bench->touch(org, key);
  }
  void change_key() {
    const std::string fingerprint = "key-" + std::to_string(++keys_);
    const bool other_account = pick(2) == 0;
    memory.bench->set_key(org, fingerprint, other_account);
    postgres.bench->set_key(org, fingerprint, other_account);
  }
  void step() {
    const int what = pick(20);
    if (what < 5) return save();
    if (what < 10) return claim();
    if (what < 17) return settle();
    if (what == 17) return pick(2) == 0 ? touch() : change_key();
    pass(what == 18 ? Milliseconds{10'000} : Milliseconds{70'000});
  }
  void expect_the_same() {
    for (const std::string key : {"inbound", "outbound"}) {
      if (!memory_has(key)) continue;
      ASSERT_EQ(to_text(memory.bench->view(org, key)), to_text(postgres.bench->view(org, key)))
          << key;
    }
    for (const auto& request : requests) {
      ASSERT_EQ(memory.bench->save_state(org, request), postgres.bench->save_state(org, request))
          << request;
    }
  }

 private:
  std::vector<std::string> known_;
  int keys_{0};
};

struct Seed : ConformanceRandom, ::testing::WithParamInterface<int> {};

TEST_P(Seed, BothStoresTellTheSameStory) {
  chance.seed(static_cast<unsigned>(GetParam()));
  memory.bench = make_memory_bench();
  postgres.bench = make_postgres_bench();
  for (int i = 0; i < 80 && !HasFailure(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i));
    step();
    expect_the_same();
  }
}

INSTANTIATE_TEST_SUITE_P(Conformance, Seed, ::testing::Range(1, 16));

}  // namespace
}  // namespace vapisync::test
