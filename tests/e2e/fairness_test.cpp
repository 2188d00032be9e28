// One org's backlog is not another org's wait.
#include <gtest/gtest.h>

#include "support/stage.hpp"

namespace vapisync::test {
namespace {

constexpr int slots = 4;

/// As if somebody had imported them: a hundred thousand tools of one org, all due.
constexpr const char* backlog = R"(
  WITH org AS (INSERT INTO vapisync.orgs (org_id) VALUES ('giant')),
  made AS (
    INSERT INTO vapisync.resources (org_id, kind, key, desired_version)
    SELECT 'giant', 'tool', 'tool' || i, 1 FROM generate_series(1, 100000) i
    RETURNING resource_id, key),
  wanted AS (
    INSERT INTO vapisync.outbox (resource_id, version, org_id, op, cause, payload)
    SELECT resource_id, 1, 'giant', 'upsert', 'import',
      json_build_object('type', 'endCall', 'function', json_build_object('name', key)) FROM made)
  INSERT INTO vapisync.work (resource_id, org_id, kind, due_at)
  SELECT resource_id, 'giant', 'tool', now() FROM made)";

struct Fairness : ::testing::Test {
  Stage stage;

  /// The first entry of the journal, from this one on, that is about this org's only assistant.
  size_t turn_of(const std::string& name, size_t from) {
    const auto journal = stage.sandbox.journal();
    const auto& entries = *json::find(journal, "entries");
    for (rapidjson::SizeType i = static_cast<rapidjson::SizeType>(from); i < entries.Size(); ++i) {
      const auto body = json::text_or(entries[i], "body", "");
      if (body.find("\"" + name + "\"") != std::string_view::npos) return i;
    }
    return entries.Size();
  }
  size_t requests_so_far() { return json::find(stage.sandbox.journal(), "entries")->Size(); }
};

TEST_F(Fairness, AHundredThousandDueResourcesDelayNobodyElseByMoreThanWhatIsUnderWay) {
  stage.sql(backlog);
  stage.sandbox.set_faults(R"([{"delay":{"ms":20}}])");
  const auto daemon = stage.start_daemon({"vapi.in_flight=" + std::to_string(slots)});
  stage.sandbox.await_requests("POST", 20);
  for (const auto* name : {"first", "second", "third"}) {
    stage.save(name, name, std::string(R"({"inbound":{"name":")") + name + R"("}})");
    const size_t before = requests_so_far();
    daemon->await("sync.synced", of_request(name));
    // Those that had their slots already, and one round of slots that the orgs share.
    EXPECT_LE(turn_of(name, before) - before, 2U * slots) << name;
  }
  EXPECT_GT(std::stoi(stage.sql("SELECT count(*) FROM vapisync.work WHERE org_id = 'giant'")),
            90'000)
      << "the backlog was still there";
}

}  // namespace
}  // namespace vapisync::test
