// A checker that finds nothing proves nothing: each promise is broken here once, by hand.
#include "chaos/checks.hpp"

#include <gtest/gtest.h>

namespace vapisync::chaos {
namespace {

/// One agent, saved twice, with everything as it should be.
struct Checks : ::testing::Test {
  Evidence evidence;
  std::vector<Call> calls;
  Complaints complaints;

  Checks() {
    Resource resource;
    resource.id = 7;
    resource.org = "calm1";
    resource.key = "inbound";
    resource.desired = resource.settled = resource.live = 2;
    resource.remote_id = "object";
    resource.account = "account";
    for (const int version : {1, 2}) resource.entries.push_back(entry(version));
    evidence.books.resources.emplace(7, std::move(resource));
    for (const char* id : {"save1", "save2"}) {
      const std::string state = id == std::string("save1") ? "superseded" : "synced";
      evidence.books.saves.emplace(id, Save{"calm1", id, state, 0, state});
      evidence.committed.emplace_back("calm1", id);
    }
    evidence.objects.push_back(object("object", 2));
    calls = {sent(1, 1), sent(2, 2)};
    evidence.calls = &calls;
  }

  static std::string payload(int version) {
    return R"({"firstMessage":"s)" + std::to_string(version) + R"("})";
  }
  static Entry entry(int version) {
    Entry entry;
    entry.version = version;
    entry.cause = "save";
    entry.state = version == 1 ? "superseded" : "synced";
    entry.save_id = "save" + std::to_string(version);
    entry.payload = payload(version);
    entry.ask = json::parse(payload(version)).value();
    entry.content = content_of(*entry.ask);
    return entry;
  }
  static Object object(const std::string& id, int version) {
    return {id, "account", {7, "attempt-" + id}, json::parse(payload(version)).value()};
  }
  static Call sent(uint64_t seq, int version) {
    Call call;
    call.seq = seq;
    call.at_ms = static_cast<int64_t>(seq) * 1'000;
    call.method = "PATCH";
    call.account = "account";
    call.object = "object";
    call.executed = true;
    call.owner = {7, "attempt-object"};
    call.content = content_of(json::parse(payload(version)).value());
    return call;
  }
  Resource& resource() { return evidence.books.resources.at(7); }
  Entry& newest() { return resource().entries.back(); }

  std::string found() {
    check_saves(evidence, complaints);
    check_wanted(evidence, complaints);
    check_objects(evidence, complaints);
    check_calls(evidence, complaints);
    std::string text;
    for (const auto& complaint : complaints) text += complaint + "\n";
    return text;
  }
  void expect(const std::string& complaint) {
    const auto text = found();
    EXPECT_NE(text.find(complaint), std::string::npos) << "found only: " << text;
  }
};

TEST_F(Checks, FindNothingWhereNothingIsWrong) {
  EXPECT_EQ(found(), "");
}

TEST_F(Checks, ASaveThatNeverEnds) {
  evidence.books.saves.at("save2").open = 1;
  expect("save save2 of calm1 never ended");
}

TEST_F(Checks, AnAcknowledgedSaveThatIsGone) {
  evidence.committed.emplace_back("calm1", "save3");
  expect("save3 of calm1 was acknowledged and is gone");
}

TEST_F(Checks, ASaveThatSomebodyTookBackAndThatIsThere) {
  evidence.withdrawn.insert({"calm1", "save1"});
  expect("its transaction was rolled back");
}

TEST_F(Checks, AnEndThatItsEntriesDeny) {
  newest().state = "failed";
  expect("ended synced, its entries say failed");
}

TEST_F(Checks, AnEndThatChanged) {
  evidence.ends[{"calm1", "save2"}] = "failed";
  expect("had ended failed and is now synced");
}

TEST_F(Checks, ASaveUndoneThoughNothingInItIsWrong) {
  newest().state = "rolled_back";
  evidence.books.saves.at("save2").state = "rolled_back";
  expect("and nothing in it is wrong");
}

TEST_F(Checks, AnUndoneFieldThatIsWantedStill) {
  newest().state = "rolled_back";
  Entry put_back = entry(2);
  put_back.version = 3;
  put_back.cause = "rollback";
  resource().entries.push_back(std::move(put_back));
  resource().desired = resource().settled = resource().live = 3;
  expect(R"(wants { firstMessage="s2" }, and asked was { firstMessage="s1" })");
}

TEST_F(Checks, AnObjectThatHoldsSomethingElse) {
  evidence.objects.front() = object("object", 1);
  expect(R"(firstMessage of object object is "s1", wanted is "s2")");
}

TEST_F(Checks, ASecondObjectUnlessItIsListed) {
  evidence.objects.push_back(object("second", 2));
  evidence.books.leftovers.insert("second");
  EXPECT_EQ(found(), "");
  evidence.books.leftovers.clear();
  expect("object second is one too many");
}

TEST_F(Checks, AnObjectThatIsMissing) {
  evidence.objects.clear();
  expect("there is no object object");
}

TEST_F(Checks, AnOldVersionThatWasSentAfterANewerOne) {
  calls.push_back(sent(3, 1));
  expect("sent version 1 of resource 7 (calm1 inbound) after Vapi had taken version 2");
}

TEST_F(Checks, AnOldVersionOfAProcessThatStoodStillAndItsRepair) {
  calls.push_back(sent(3, 1));
  calls.push_back(sent(5, 2));
  evidence.late_times.push_back({2'500, 3'500});
  const auto stale = check_calls(evidence, complaints);
  EXPECT_TRUE(complaints.empty());
  EXPECT_EQ(stale.allowed, 1);
  EXPECT_EQ(stale.longest_repair, Milliseconds{2'000});
}

TEST_F(Checks, ACallIntoAnotherAccount) {
  calls.back().account = "other";
  expect("went to the account other");
}

}  // namespace
}  // namespace vapisync::chaos
