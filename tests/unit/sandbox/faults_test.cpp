// Which requests a rule is for, and how a plan is read.
#include "sandbox/faults.hpp"

#include "unit/sandbox/world.hpp"

namespace vapisync::sandbox {
namespace {

std::string parse_error(std::string_view plan) {
  const auto rules = parse_faults(plan);
  return rules ? "fine" : rules.error().message;
}

TEST(SandboxFaults, MistakesAreNamedWithTheirPath) {
  struct Case {
    const char* plan;
    const char* message;
  };
  constexpr Case cases[] = {
      {R"({"fault":[]})", "fault is not known"},
      {R"({"faults":7})", "faults must be a list of at most 1000 rules"},
      {R"([7])", "faults.0 must be an object"},
      {R"([{}])",
       "faults.0 needs exactly one of answer, delay, cut, late_commit, list_lag, normalise, "
       "stuck_keys"},
      {R"([{"cut":{},"delay":{"ms":1}}])",
       "faults.0 needs exactly one of answer, delay, cut, late_commit, list_lag, normalise, "
       "stuck_keys"},
      {R"([{"cut":{}},{"cut":{"aftr_commit":true}}])", "faults.1.cut.aftr_commit is not known"},
      {R"([{"cut":{},"match":{"methd":"POST"}}])", "faults.0.match.methd is not known"},
      {R"([{"cut":{},"count":0}])",
       "faults.0.count must be a whole number from 1 to 9223372036854775807"},
      {R"([{"cut":{},"probability":1.5}])", "faults.0.probability must be a number from 0 to 1"},
      {R"([{"cut":{"after_commit":"yes"}}])", "faults.0.cut.after_commit must be true or false"},
      {R"([{"answer":{}}])", "faults.0.answer.status must be given"},
      {R"([{"answer":{"status":502,"html":true,"body":"x"}}])",
       "faults.0.answer.body can't be given with html"},
      {R"([{"delay":{}}])", "faults.0.delay.ms must be given, in milliseconds"},
      {R"([{"late_commit":{"ms":5,"answer":"soon"}}])",
       "faults.0.late_commit.answer must be late, cut or none"},
      {R"([{"normalise":{"field":"name"}}])",
       "faults.0.normalise needs exactly one of value, default, trim, lowercase, drop"},
      {R"([{"normalise":{"drop":true}}])", "faults.0.normalise.field must be given"},
      {R"([{"stuck_keys":{"keys":[]}}])",
       "faults.0.stuck_keys.keys must be a list of property names"},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_error(c.plan), c.message) << c.plan;
  EXPECT_TRUE(parse_error("{").starts_with("not valid JSON"));
}

TEST(SandboxFaults, AWrongPlanLeavesTheOldOneInForce) {
  World world;
  world.set_faults(R"([{"answer":{"status":500}}])");
  EXPECT_FALSE(world.service.set_faults("[{}]", world.now));
  EXPECT_EQ(world.call("GET", "/assistant").status, 500);
  world.set_faults("[]");
  EXPECT_EQ(world.call("GET", "/assistant").status, 200);
}

TEST(SandboxFaults, MatchingLooksAtMethodPathKeyAndBody) {
  World world;
  const std::string id = world.create();
  world.set_faults(R"([{"match":{"method":"PATCH","path":"/assistant/)" + id +
                   R"(","key":"key-a","body":"poison"},"answer":{"status":500}}])");
  const std::string path = "/assistant/" + id;
  EXPECT_EQ(world.call("PATCH", path, R"({"name":"poison"})").status, 500);
  EXPECT_EQ(world.call("PATCH", path, R"({"name":"honey"})").status, 200);
  EXPECT_EQ(world.call("POST", "/assistant", R"({"name":"poison"})").status, 201);
  EXPECT_EQ(world.call("PATCH", path, R"({"name":"poison"})", "key-b").status, 404);
}

TEST(SandboxFaults, AnOrganisationCanBeSingledOut) {
  World world;
  const auto object = parsed(world.call("POST", "/assistant", "{}").body);
  const std::string org(json::text_or(object, "orgId", ""));
  world.set_faults(R"([{"match":{"org":")" + org + R"("},"answer":{"status":503}}])");
  EXPECT_EQ(world.call("GET", "/assistant").status, 503);
  EXPECT_EQ(world.call("GET", "/assistant", {}, "key-b").status, 200);
}

TEST(SandboxFaults, FromAndCountPickRequestsByNumber) {
  World world;
  world.set_faults(R"([{"from":2,"count":2,"answer":{"status":500}}])");
  std::string statuses;
  for (int i = 0; i < 5; ++i)
    statuses += std::to_string(world.call("GET", "/assistant").status) + " ";
  EXPECT_EQ(statuses, "200 500 500 200 200 ");
}

TEST(SandboxFaults, ProbabilityDrawsFromTheSeed) {
  const auto pattern = [](uint64_t seed) {
    World world(seed);
    world.set_faults(R"([{"probability":0.5,"answer":{"status":500}}])");
    std::string out;
    for (int i = 0; i < 40; ++i) out += world.call("GET", "/assistant").status == 500 ? 'x' : '.';
    return out;
  };
  EXPECT_EQ(pattern(3), pattern(3));
  EXPECT_NE(pattern(3), pattern(4));
  EXPECT_NE(pattern(3).find('x'), std::string::npos);
  EXPECT_NE(pattern(3).find('.'), std::string::npos);
}

TEST(SandboxFaults, AStormEndsSomeTimeAfterItBegan) {
  World world;
  world.set_faults(R"([{"for_ms":20000,"answer":{"status":429,"body":""}}])");
  world.pass(milliseconds(60'000));
  EXPECT_EQ(world.call("GET", "/assistant").status, 429);
  world.pass(milliseconds(19'999));
  EXPECT_EQ(world.call("GET", "/assistant").status, 429);
  world.pass(milliseconds(1));
  EXPECT_EQ(world.call("GET", "/assistant").status, 200);
}

TEST(SandboxFaults, UntilCountsFromWhenThePlanCameIntoForce) {
  World world;
  world.pass(milliseconds(500));
  world.set_faults(R"([{"until_ms":100,"answer":{"status":500}}])");
  EXPECT_EQ(world.call("GET", "/assistant").status, 500);
  world.pass(milliseconds(100));
  EXPECT_EQ(world.call("GET", "/assistant").status, 200);
}

TEST(SandboxFaults, TheFirstRuleThatFitsDecidesTheAnswer) {
  World world;
  world.set_faults(R"([{"count":1,"answer":{"status":500}},{"answer":{"status":503}}])");
  EXPECT_EQ(world.call("GET", "/assistant").status, 500);
  EXPECT_EQ(world.call("GET", "/assistant").status, 503);
}

TEST(SandboxFaults, ThePlanIsShownWithItsHitsAndWithoutKeys) {
  World world;
  world.set_faults(R"([{"name":"n","match":{"key":"key-a"},"cut":{}}])");
  world.call("GET", "/assistant");
  EXPECT_EQ(world.service.faults().to_json(),
            R"({"faults":[{"name":"n","matched":1,"hits":1,)"
            R"("rule":{"name":"n","match":{"key":"[redacted]"},"cut":{}}}]})");
}

}  // namespace
}  // namespace vapisync::sandbox
