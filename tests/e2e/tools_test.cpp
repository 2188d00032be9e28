// Tools, and the agents that use them: the real daemon against the sandbox.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/stage.hpp"

namespace vapisync::test {
namespace {

constexpr const char* agent_with_tool =
    R"({"kind":"assistant","key":"inbound","ask":{"vapi":{"model":{"toolIds":[{"$ref":"tool/kb"}]}}}})";
constexpr const char* agent_without_tool =
    R"({"kind":"assistant","key":"inbound","ask":{"vapi":{"model":{"toolIds":[]}}}})";

std::string tool(const std::string& description, const std::string& type = "function") {
  return R"({"kind":"tool","key":"kb","payload":{"type":")" + type +
         R"(","function":{"name":"kb","description":")" + description + R"("}}})";
}

struct Tools : ::testing::Test {
  Stage stage;
  std::unique_ptr<Process> daemon = stage.start_daemon();

  void put(const std::string& request, const std::string& changes) {
    stage.sql(save("acme", request, "[" + changes + "]"));
  }
  void await_end(const std::string& request) {
    while (stage.sql("SELECT finished_at IS NULL FROM vapisync.saves WHERE request_id = '" +
                     request + "'") != "f") {
    }
  }
  void make_both() {
    put("both", tool("one") + "," + agent_with_tool);
    await_end("both");
    ASSERT_EQ(state("both"), "synced");
  }
  std::string state(const std::string& request) {
    return std::string(json::text_or(stage.status("acme", request), "state", ""));
  }
  std::string reason(const std::string& request) {
    return json::to_text(*json::find(stage.status("acme", request), "error"));
  }
  std::string tool_id() {
    return stage.sql("SELECT remote_id FROM vapisync.resources WHERE kind = 'tool'");
  }
  std::string sandbox_text() {
    return http_exchange(stage.sandbox.url(), "GET", "/_sandbox/state").body;
  }
  std::string tool_ids() { return R"("toolIds":[")" + tool_id() + R"("])"; }
};

TEST_F(Tools, AreMadeBeforeTheAgentThatUsesThem) {
  make_both();
  EXPECT_THAT(sandbox_text(), testing::HasSubstr(tool_ids()));
  EXPECT_THAT(sandbox_text(), testing::ContainsRegex(R"("name":"kb_[a-z2-7]{10}")"));
}

TEST_F(Tools, ALostAnswerToACreateLeavesExactlyOne) {
  stage.sandbox.set_faults(
      R"([{"match":{"method":"POST"},"count":1,"cut":{"after_commit":true}}])");
  put("both", tool("one"));
  daemon->await("sync.adopted", of_request("both"));
  await_end("both");
  EXPECT_EQ(stage.sandbox.requests("POST"), 1);
}

TEST_F(Tools, AreChangedInPlaceWithoutTheirType) {
  make_both();
  const auto id = tool_id();
  put("edit", tool("two"));
  await_end("edit");
  EXPECT_EQ(state("edit"), "synced");
  EXPECT_EQ(tool_id(), id);
  EXPECT_THAT(sandbox_text(), testing::HasSubstr(R"("description":"two")"));
}

TEST_F(Tools, CanNotBecomeAnotherTypeAndSaySo) {
  make_both();
  put("other", tool("one", "endCall"));
  await_end("other");
  EXPECT_EQ(state("other"), "rolled_back");
  EXPECT_THAT(reason("other"), testing::HasSubstr("the type of a tool can't be changed"));
}

TEST_F(Tools, GoAfterTheAgentLetGoOfThem) {
  make_both();
  put("gone", std::string(R"({"kind":"tool","key":"kb","op":"delete"},)") + agent_without_tool);
  await_end("gone");
  EXPECT_EQ(state("gone"), "synced");
  EXPECT_THAT(sandbox_text(), testing::HasSubstr(R"("tools":[])"));
  EXPECT_THAT(sandbox_text(), testing::HasSubstr(R"("toolIds":[])"));
}

TEST_F(Tools, OneThatIsMadeAnewIsGivenToItsAgent) {
  make_both();
  const auto old = tool_id();
  EXPECT_EQ(http_exchange(stage.sandbox.url(), "DELETE", "/_sandbox/objects/tool/" + old).status,
            200);
  put("edit", tool("two"));
  await_end("edit");
  while (stage.sql("SELECT count(*) FROM vapisync.work") != "0") {
  }
  EXPECT_NE(tool_id(), old);
  EXPECT_THAT(sandbox_text(), testing::HasSubstr(tool_ids()));
}

TEST_F(Tools, OneThatVapiRefusesTakesItsAgentBackToo) {
  const std::string bad =
      R"({"kind":"tool","key":"kb","payload":{"type":"function","nonsense":1}})";
  put("bad", bad + "," + agent_with_tool);
  await_end("bad");
  EXPECT_EQ(state("bad"), "rolled_back");
  EXPECT_THAT(reason("bad"), testing::HasSubstr("nonsense"));
  EXPECT_EQ(stage.sandbox.assistants(), 0);
}

TEST_F(Tools, ABareIdIsRefusedWhereOrgsShareAnAccount) {
  put("bare",
      R"({"kind":"assistant","key":"inbound","ask":{"vapi":{"model":{"toolIds":["someone's"]}}}})");
  await_end("bare");
  EXPECT_EQ(state("bare"), "rolled_back");
  EXPECT_THAT(reason("bare"), testing::HasSubstr("model.toolIds[0] names a Vapi object by its id"));
  EXPECT_EQ(stage.sandbox.requests("POST"), 0);
}

TEST_F(Tools, AnAccountWithoutMetadataKnowsOurMarkByTheName) {
  stage.sandbox.set_faults(
      R"([{"match":{"method":"POST"},"count":1,
           "answer":{"status":400,"body":{"message":["property metadata should not exist"]}}}])");
  stage.save("acme", "r1", R"({"inbound":{"name":"Desk"}})");
  await_end("r1");
  EXPECT_EQ(state("r1"), "synced");
  EXPECT_THAT(sandbox_text(), testing::ContainsRegex(R"("name":"Desk_[a-z2-7]{10}")"));
  while (stage.sql("SELECT marks_by_name FROM vapisync.credentials") != "t") {
  }
}

TEST_F(Tools, ManyObjectsThatAreGonePauseTheKeyUntilAnOperatorResumesIt) {
  for (int i = 0; i < 5; ++i) {
    stage.save("org" + std::to_string(i), "r", R"({"inbound":{"name":"Desk"}})");
  }
  while (stage.sql("SELECT count(*) FROM vapisync.saves WHERE state = 'synced'") != "5") {
    daemon->await("sync.synced");
  }
  for (int i = 0; i < 5; ++i) {
    const auto org = "org" + std::to_string(i);
    stage.sandbox.remove(stage.assistant_id(org, "inbound"));
    stage.save(org, "edit", R"({"inbound":{"name":"Desk 2"}})");
  }
  daemon->await("credential.mass_404");
  EXPECT_EQ(stage.sql("SELECT paused_reason FROM vapisync.credentials"), "mass_404");
  stage.sql("SELECT vapisync.resume_credential('org0')");
  while (stage.sql("SELECT count(*) FROM vapisync.saves WHERE state = 'synced'") != "10") {
    daemon->await("sync.synced");
  }
  EXPECT_EQ(stage.sandbox.assistants(), 5);
}

}  // namespace
}  // namespace vapisync::test
