// Who is undone when several saves are in the refused version, and what the others lose: nothing.
#include "support/judge.hpp"

namespace vapisync::test {
namespace {

struct RollbackGuilt : Judge {
  void SetUp() override { save_and_accept("r0", R"({"inbound":{"name":"In"},"outbound":{}})"); }
};

TEST_F(RollbackGuilt, AnInnocentLaterEditOfAnotherFieldSurvives) {
  save("bad", R"({"inbound":{"voice":"bad"},"outbound":{"name":"Out"}})");
  claim();
  save("good", R"({"inbound":{"firstMessage":"Hi"}})");
  refuse("inbound", "voice");
  EXPECT_EQ(state("good"), "pending");
  EXPECT_EQ(wanted("inbound", "voice || first_message"), "ElliotHi");
  accept("outbound");
  accept_the_rest();
  EXPECT_EQ(in_vapi("inbound", "firstMessage"), "Hi");
  EXPECT_EQ(in_vapi("inbound", "voice,voiceId"), "Elliot");
  EXPECT_EQ(state("bad"), "rolled_back");
  EXPECT_EQ(status("good", "success"), "true");
}

TEST_F(RollbackGuilt, ALaterSaveOfTheSameFieldWinsOverThePutBack) {
  save("bad", R"({"inbound":{"voice":"bad","name":"B"}})");
  claim();
  save("good", R"({"inbound":{"voice":"Kylie"}})");
  refuse("inbound", "voice");
  accept_the_rest();
  EXPECT_EQ(in_vapi("inbound", "voice,voiceId"), "Kylie");
  EXPECT_EQ(in_vapi("inbound", "name"), "In");
  EXPECT_EQ(state("bad"), "rolled_back");
  EXPECT_EQ(status("good", "success"), "true");
}

TEST_F(RollbackGuilt, TheFieldThatVapiNamesDecides) {
  save("good", R"({"inbound":{"firstMessage":"Hi"},"outbound":{"name":"Out"}})");
  save("bad", R"({"inbound":{"voice":"bad"}})");
  claim();
  refuse("inbound", "voice.voiceId");
  EXPECT_EQ(state("bad"), "rolling_back");
  EXPECT_EQ(state("good"), "pending");
  EXPECT_EQ(entry("inbound", 2), "pending");
  accept("outbound");
  accept_the_rest();
  EXPECT_EQ(state("bad"), "rolled_back");
  EXPECT_EQ(status("good", "success"), "true");
  EXPECT_EQ(in_vapi("inbound", "firstMessage"), "Hi");
  EXPECT_EQ(in_vapi("outbound", "name"), "Out");
}

TEST_F(RollbackGuilt, WithoutAFieldAllThatAreInTheVersionGoBackInOneCall) {
  save("one", R"({"inbound":{"firstMessage":"Hi"},"outbound":{"name":"Out"}})");
  save("two", R"({"inbound":{"voice":"bad"}})");
  claim();
  save("later", R"({"inbound":{"maxDurationSeconds":99}})");
  refuse("inbound");
  EXPECT_EQ(state("one") + state("two"), "rolling_backrolling_back");
  EXPECT_EQ(state("later"), "pending") << "it was not sent";
  accept("outbound");
  claimed.clear();
  claim();
  EXPECT_EQ(claimed.size(), 2U) << "one call for each resource, however many are undone";
  accept("inbound");
  accept("outbound");
  EXPECT_EQ(state("one") + state("two"), "rolled_backrolled_back");
  EXPECT_EQ(status("later", "success"), "true");
  EXPECT_EQ(in_vapi("inbound", "firstMessage"), "Hello, how can I help you?");
  EXPECT_EQ(in_vapi("inbound", "maxDurationSeconds"), "99");
}

TEST_F(RollbackGuilt, AFieldThatNobodyTouchedPutsAllBack) {
  save("one", R"({"inbound":{"firstMessage":"Hi"}})");
  save("two", R"({"inbound":{"voice":"Kylie"}})");
  claim();
  refuse("inbound", "transcriber");
  EXPECT_EQ(state("one") + state("two"), "rolling_backrolling_back");
}

TEST_F(RollbackGuilt, NamedFieldsStandForTheFieldsOfVapi) {
  const auto touches = [&](const std::string& ask, const std::string& path) {
    return sql("SELECT vapisync.touches(" + ask + ", vapisync.top_field(" + path + "))");
  };
  EXPECT_EQ(touches(R"('{"systemPrompt":"x"}')", "'model.messages[0].content'"), "t");
  EXPECT_EQ(touches(R"('{"language":"de"}')", "'transcriber.language'"), "t");
  EXPECT_EQ(touches(R"('{"voice":"x"}')", "'voice.voiceId'"), "t");
  EXPECT_EQ(touches(R"('{"name":"x"}')", "'name'"), "t");
  EXPECT_EQ(touches(R"('{"vapi":{"hooks":[]}}')", "'hooks[0].on'"), "t");
  EXPECT_EQ(touches(R"('{"vapi":{"model":{}}}')", "'model'"), "t");
  EXPECT_EQ(touches(R"('{"vapi":{"endCallMessage":null}}')", "'endCallMessage'"), "t");
  EXPECT_EQ(touches(R"('{"name":"x"}')", "'voice'"), "f");
  EXPECT_EQ(touches(R"('{"vapi":{"model":{}}}')", "'vapi'"), "f");
  EXPECT_EQ(touches("NULL", "'voice'"), "t") << "a whole document";
  EXPECT_EQ(touches("NULL", "NULL"), "f");
}

TEST_F(RollbackGuilt, WhatVapiHoldsAlreadyIsNotBlamedForANewerEditOfTheSameField) {
  save("first", R"({"inbound":{"voice":"Kylie"},"outbound":{"name":"Out"}})");
  claim();
  accept("inbound");  // outbound is still on its way, so the save is pending
  save("second", R"({"inbound":{"voice":"bad"}})");
  claim();
  refuse("inbound", "voice");
  EXPECT_EQ(state("first") + state("second"), "pendingrolling_back");
  accept("outbound");
  accept_the_rest();
  EXPECT_EQ(status("first", "success"), "true");
  EXPECT_EQ(in_vapi("inbound", "voice,voiceId"), "Kylie");
}

TEST_F(RollbackGuilt, WhatVapiTookOnceAndNowRefusesByNameGoesBackAlone) {
  save("first", R"({"inbound":{"voice":"Kylie"},"outbound":{"name":"Out"}})");
  claim();
  accept("inbound");
  save("second", R"({"inbound":{"firstMessage":"Hi"}})");
  claim();
  refuse("inbound", "voice");
  EXPECT_EQ(state("first") + state("second"), "rolling_backpending");
  accept("outbound");
  accept_the_rest();
  EXPECT_EQ(status("second", "success"), "true");
  EXPECT_EQ(in_vapi("inbound", "voice,voiceId"), "Elliot");
  EXPECT_EQ(in_vapi("inbound", "firstMessage"), "Hi");
}

TEST_F(RollbackGuilt, ASaveWhoseMemberHereWasSupersededGoesBackWhileItIsPending) {
  save("first", R"({"inbound":{"voice":"Kylie"},"outbound":{"name":"Out"}})");
  save("second", R"({"inbound":{"firstMessage":"Hi"}})");
  claim();
  accept("inbound");
  EXPECT_EQ(entry("inbound", 2), "superseded");
  refuse("outbound", "name");
  EXPECT_EQ(entry("inbound", 2), "rolled_back");
  EXPECT_EQ(state("second"), "synced");
  accept_the_rest();
  EXPECT_EQ(in_vapi("inbound", "voice,voiceId"), "Elliot");
  EXPECT_EQ(in_vapi("inbound", "firstMessage"), "Hi") << "it was confirmed, and stays";
}

TEST_F(RollbackGuilt, ASaveThatEndedIsNotUndone) {
  save_and_accept("ended", R"({"inbound":{"voice":"Kylie"}})");
  save("bad", R"({"inbound":{"voice":"bad"}})");
  claim();
  refuse("inbound", "voice");
  accept_the_rest();
  EXPECT_EQ(state("ended"), "synced");
  EXPECT_EQ(in_vapi("inbound", "voice,voiceId"), "Kylie");
}

TEST_F(RollbackGuilt, NobodyElseIsToBlameForAVersionWithSomethingUndoneSince) {
  save("bad", R"({"inbound":{"firstMessage":"bad"},"outbound":{"voice":"bad"}})");
  save("good", R"({"inbound":{"name":"Good"}})");
  hold("held", R"({"inbound":{"maxDurationSeconds":99}})");
  claim();
  refuse("outbound", "voice");
  EXPECT_TRUE(refuse("inbound").due_now) << "this call was on its way";
  EXPECT_EQ(state("good") + state("held"), "pendingpending");
  accept_the_rest();
  EXPECT_EQ(state("bad"), "rolled_back");
  EXPECT_EQ(in_vapi("inbound", "name"), "Good");
  EXPECT_EQ(status("good", "success") + status("held", "success"), "truetrue");
}

TEST_F(RollbackGuilt, RollbacksThatOverlapLeaveWhatNeitherAskedFor) {
  save("one", R"({"inbound":{"voice":"bad"},"outbound":{"voice":"Kylie"}})");
  save("two", R"({"inbound":{"firstMessage":"Hi"},"outbound":{"name":"bad"}})");
  claim();
  refuse("inbound", "voice");
  refuse("outbound", "name");
  EXPECT_EQ(state("one") + state("two"), "rolling_backpending");
  claim();
  refuse("outbound", "name");
  EXPECT_EQ(state("one") + state("two"), "rolling_backrolling_back");
  accept("inbound");
  accept_the_rest();
  EXPECT_EQ(state("one") + state("two"), "rolled_backrolled_back");
  EXPECT_EQ(in_vapi("inbound", "firstMessage"), "Hello, how can I help you?");
  EXPECT_EQ(in_vapi("outbound", "voice,voiceId"), "Elliot");
}

}  // namespace
}  // namespace vapisync::test
