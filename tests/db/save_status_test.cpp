// What save_status says while a save is open and after each of its ends.
#include <gtest/gtest.h>

#include "support/database.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

class SaveStatus : public testing::Test {
 protected:
  void SetUp() override {
    value(writer_, save_agents("org", "r", R"({"inbound": {}, "outbound": {}})"));
  }
  std::string status(const std::string& path) {
    return value(writer_, "SELECT vapisync.save_status('org', 'r') #>> '{" + path + "}'");
  }
  std::string id(const std::string& role) {
    return value(admin_, "SELECT resource_id FROM vapisync.resources WHERE key = '" + role + "'");
  }
  /// As if the daemon had settled the first version.
  void settle(const std::string& role, const std::string& state, const std::string& error = "null",
              const std::string& warnings = "null") {
    value(admin_,
          "UPDATE vapisync.resources SET settled_version = 1, remote_id = 'vapi-' || key,"
          " account_id = 'a' WHERE key = '" +
              role + "'");
    value(admin_,
          "INSERT INTO vapisync.outcomes (resource_id, version, state, error, warnings) SELECT"
          " resource_id, 1, '" +
              state + "', nullif('" + error + "', 'null')::jsonb, nullif('" + warnings +
              "', 'null')::jsonb FROM vapisync.resources WHERE key = '" + role + "'");
    value(admin_, "UPDATE vapisync.saves SET open_count = open_count - 1");
  }
  void end(const std::string& state) {
    value(admin_, "UPDATE vapisync.saves SET state = '" + state + "', finished_at = now()");
  }

  TestDatabase database_;
  pqxx::connection admin_{database_.url()};
  pqxx::connection writer_{database_.url("app_writer")};
};

TEST_F(SaveStatus, OpenSaveHasNoVerdictYet) {
  EXPECT_EQ(status("success"), "null");
  EXPECT_EQ(status("state"), "pending");
  EXPECT_EQ(status("requestId"), "r");
  EXPECT_EQ(status("saveId"), value(admin_, "SELECT save_id FROM vapisync.saves"));
  EXPECT_EQ(status("message"), "Saved. Waiting for Vapi: 0 of 2 done.");
  EXPECT_EQ(status("details"), R"({"failed": [], "succeeded": []})");
  settle("inbound", "synced");
  EXPECT_EQ(status("message"), "Saved. Waiting for Vapi: 1 of 2 done.");
  EXPECT_EQ(status("syncedAgentIds"), "[" + id("inbound") + "]");
}

TEST_F(SaveStatus, SyncedSaveNamesItsAssistants) {
  settle("inbound", "synced");
  settle("outbound", "synced", "null",
         R"([{"path": "voice.speed", "message": "changed by Vapi"}])");
  end("synced");
  EXPECT_EQ(status("success"), "true");
  EXPECT_EQ(status("state"), "synced");
  EXPECT_EQ(status("error"), "null");
  EXPECT_EQ(status("message"), "Saved, and confirmed by Vapi.");
  EXPECT_EQ(status("vapiAssistantIds,0"), R"({"role": "inbound", "agentId": )" + id("inbound") +
                                              R"(, "vapiAssistantId": "vapi-inbound"})");
  EXPECT_EQ(status("details,succeeded,1,vapiAssistantId"), "vapi-outbound");
  EXPECT_EQ(status("warnings,0,role"), "outbound");
  EXPECT_EQ(status("warnings,0,path"), "voice.speed");
}

TEST_F(SaveStatus, FailedSaveSaysWhatVapiSaid) {
  settle("inbound", "synced");
  settle("outbound", "failed",
         R"({"code": "http_400", "message": "voice is unknown", "path": "voice"})");
  end("failed");
  EXPECT_EQ(status("success"), "false");
  EXPECT_EQ(status("message"),
            "Saved in the database, but Vapi did not take all of it: voice is unknown");
  EXPECT_EQ(status("error,path"), "voice");
  EXPECT_EQ(status("details,failed,0,role"), "outbound");
  EXPECT_EQ(status("details,failed,0,error,code"), "http_400");
  EXPECT_EQ(status("details,failed,0,dbUpdated"), "true");
  EXPECT_EQ(status("details,failed,0,vapiSynced"), "false");
  EXPECT_EQ(status("syncedAgentIds"), "[" + id("inbound") + "]");
}

TEST_F(SaveStatus, SupersededSaveIsASuccess) {
  value(writer_, save_agents("org", "newer", R"({"inbound": {}, "outbound": {}})"));
  value(admin_, "UPDATE vapisync.resources SET settled_version = 2");
  value(admin_,
        "UPDATE vapisync.saves SET open_count = 0, state = 'superseded' WHERE request_id = 'r'");
  EXPECT_EQ(status("success"), "true");
  EXPECT_EQ(status("message"), "A newer version took over before this one was confirmed.");
}

TEST_F(SaveStatus, UnknownRequestIsAnError) {
  const auto answer = refusal(writer_, "SELECT vapisync.save_status('org', 'nobody')");
  EXPECT_EQ(answer.sqlstate, unknown_request);
  EXPECT_NE(answer.message.find("no save 'nobody' is known for org 'org'"), std::string::npos);
  EXPECT_EQ(refusal(writer_, "SELECT vapisync.save_status('another', 'r')").sqlstate,
            unknown_request);
}

}  // namespace
}  // namespace vapisync::test
