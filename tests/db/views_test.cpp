// The views for people: entries with derived states, agents as wanted and as confirmed.
#include <gtest/gtest.h>

#include "support/database.hpp"
#include "support/sql.hpp"

namespace vapisync::test {
namespace {

class Views : public testing::Test {
 protected:
  std::string admin(const std::string& statement) { return value(admin_, statement); }
  std::string writer(const std::string& statement) { return value(writer_, statement); }
  std::string state(const std::string& entry) {
    return writer(
        "SELECT state FROM vapisync.entries WHERE entry_id = (SELECT min(resource_id) FROM"
        " vapisync.resources) || '." +
        entry + "'");
  }

  TestDatabase database_;
  pqxx::connection admin_{database_.url()};
  pqxx::connection writer_{database_.url("app_writer")};
};

TEST_F(Views, EntryStateIsDerived) {
  for (const char* request : {"1", "2", "3"})
    writer(save_agents("org", request, R"({"inbound": {}})"));
  EXPECT_EQ(state("1"), "pending");
  admin("UPDATE vapisync.resources SET settled_version = 2, live_version = 2");
  admin(
      "INSERT INTO vapisync.outcomes (resource_id, version, state) SELECT resource_id, 2, 'synced' "
      "FROM vapisync.resources");
  EXPECT_EQ(state("1"), "superseded");
  EXPECT_EQ(state("2"), "synced");
  EXPECT_EQ(state("3"), "pending");
}

TEST_F(Views, AgentsShowsWhatIsWantedAndAgentsLiveWhatIsConfirmed) {
  writer(
      save_agents("org", "1", R"({"inbound": {"name": "Anna", "voice": "11labs:x", "language": "de",
                                     "systemPrompt": "Be", "maxDurationSeconds": 60}})"));
  EXPECT_EQ(writer("SELECT count(*) FROM vapisync.agents_live"), "0");
  EXPECT_EQ(
      writer(
          "SELECT concat_ws('|', org_id, role, name, system_prompt, first_message, voice, language,"
          " max_duration_seconds, vapi_assistant_id, in_sync, pending_request_id) FROM "
          "vapisync.agents"),
      "org|inbound|Anna|Be|Hello, how can I help you?|11labs:x|de|60|f|1");
  admin(
      "UPDATE vapisync.resources SET settled_version = 1, live_version = 1, remote_id = 'v', "
      "account_id = 'a',"
      " last_synced_at = now()");
  EXPECT_EQ(writer("SELECT concat_ws('|', name, vapi_assistant_id, in_sync, pending_request_id,"
                   " last_synced_at IS NOT NULL) FROM vapisync.agents"),
            "Anna|v|t|t");
  writer(save_agents("org", "2", R"({"inbound": {"name": "Berta", "voice": "Kylie"}})"));
  EXPECT_EQ(
      writer(
          "SELECT concat_ws('|', name, voice, in_sync, pending_request_id) FROM vapisync.agents"),
      "Berta|Kylie|f|2");
  EXPECT_EQ(
      writer("SELECT concat_ws('|', name, in_sync, pending_request_id) FROM vapisync.agents_live"),
      "Anna|f|2");
}

TEST_F(Views, DeletedAgentIsNotWantedButLiveUntilItIsGone) {
  writer(save_agents("org", "1", R"({"inbound": {}})"));
  admin("UPDATE vapisync.resources SET settled_version = 1, live_version = 1");
  writer("SELECT vapisync.delete_resource('org', 'assistant', 'inbound', '2')");
  EXPECT_EQ(writer("SELECT count(*) FROM vapisync.agents"), "0");
  EXPECT_EQ(writer("SELECT count(*) FROM vapisync.agents_live"), "1");
  admin("UPDATE vapisync.resources SET settled_version = 2, live_version = 2");
  EXPECT_EQ(writer("SELECT count(*) FROM vapisync.agents_live"), "0");
}

TEST_F(Views, BlockedAgentIsNotInSyncAndSaysWhy) {
  writer(save_agents("org", "1", R"({"inbound": {}})"));
  admin("UPDATE vapisync.resources SET settled_version = 1, last_error = '{\"message\": \"no\"}'");
  EXPECT_EQ(writer("SELECT in_sync || (last_error ->> 'message') FROM vapisync.agents"), "falseno");
}

// Vapi judges documents, so the views must survive any of them.
TEST_F(Views, OddDocumentsDoNotBreakThem) {
  for (const char* odd :
       {R"({"model": 1, "voice": "x", "transcriber": [], "maxDurationSeconds": "long"})",
        R"({"model": {"messages": {"role": 1}}, "voice": 7, "maxDurationSeconds": 1e300})",
        R"({"model": {"messages": ["x", null, {"role": "system"}]}, "voice": {}})"}) {
    writer(std::string("SELECT vapisync.put_resource('org', 'assistant', 'inbound', '") + odd +
           "', md5('" + odd + "'))");
    EXPECT_EQ(writer("SELECT count(to_jsonb(a)) FROM vapisync.agents a"), "1") << odd;
    writer(save_agents(
        "org", std::string("ask ") + value(admin_, std::string("SELECT md5('") + odd + "')"),
        R"({"inbound": {"systemPrompt": "p", "language": "de"}})"));
    EXPECT_EQ(writer("SELECT system_prompt || language FROM vapisync.agents"), "pde") << odd;
  }
}

}  // namespace
}  // namespace vapisync::test
