// Every way that a claim can take through the decisions, whatever Vapi answers: a model of the
// answers walks all of them, and checks what a single decision can not show.
#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "core/decide.hpp"

namespace vapisync::core {
namespace {

/// What was seen on the way, apart from what the facts say.
struct Evidence {
  bool get_said_404{false};
  bool look_up_found_nothing{false};
  bool believed_404{false};
  int adoptions{0};
  int creates{0};
  int writes{0};
};

struct Path {
  Facts facts;
  Evidence evidence;
  std::vector<Step> steps;
};

std::string describe(const std::vector<Step>& steps) {
  std::string text;
  for (const Step step : steps) text += std::string(to_string(step)) + " ";
  return text;
}

class Walk {
 public:
  size_t longest{0};
  std::vector<Step> longest_way;
  int ends{0};

  void from(Path path) {
    const Step step = decide(path.facts);
    path.steps.push_back(step);
    ASSERT_LE(path.steps.size(), steps_max) << describe(path.steps);
    check(step, path);
    if (ends_claim(step)) return end(path);
    for (Path& next : answers(step, path)) {
      from(std::move(next));
      if (::testing::Test::HasFatalFailure()) return;
    }
    end(path);  // any answer but these (a rejection, a timeout, a 500) ends the claim here
  }

 private:
  static constexpr size_t steps_max = 16;  // what the syncer allows
  static constexpr int adoptions_max = 2;  // an open create's object, and one in place of a dead id

  static bool ends_claim(Step step) {
    return step == Step::confirm || step == Step::settle_difference || step == Step::wait ||
           step == Step::forget || step == Step::finish_look || step == Step::wait_for_others ||
           step == Step::refuse;
  }

  void end(const Path& path) {
    ++ends;
    if (path.steps.size() <= longest) return;
    longest = path.steps.size();
    longest_way = path.steps;
  }

  static void check(Step step, const Path& path) {
    const Evidence& seen = path.evidence;
    if (step == Step::create) {
      EXPECT_FALSE(seen.believed_404) << describe(path.steps);
      EXPECT_EQ(seen.creates, 0) << "a second create: " << describe(path.steps);
      EXPECT_TRUE(seen.adoptions == 0 || !path.facts.is_mutable) << describe(path.steps);
    }
    if (step == Step::forget || (step == Step::confirm && seen.believed_404)) {
      EXPECT_TRUE(seen.get_said_404 && seen.look_up_found_nothing) << describe(path.steps);
    }
    if (path.facts.blocked) {
      EXPECT_EQ(seen.creates, 0);
    }
    EXPECT_LE(seen.writes, 8) << describe(path.steps);
  }

  static Path with(const Path& path, void (*learn)(Path&)) {
    Path next = path;
    learn(next);
    return next;
  }

  static std::vector<Path> after_write(const Path& path) {
    Path wrote = path;
    ++wrote.evidence.writes;
    wrote.facts.has_id = true;
    return {with(wrote, [](Path& p) { learn_from_write(p.facts, true); }),
            with(wrote, [](Path& p) { learn_from_write(p.facts, false); })};
  }

  static std::vector<Path> after_look_up(const Path& path) {
    std::vector<Path> next{with(path, [](Path& p) {
      p.evidence.look_up_found_nothing = true;
      if (p.facts.presence == Presence::not_read) {
        p.facts.presence = Presence::gone;
        p.evidence.believed_404 = true;
      } else {
        p.facts.lookup = Lookup::absent;
      }
    })};
    if (path.evidence.adoptions < adoptions_max) {
      next.push_back(with(path, [](Path& p) {
        ++p.evidence.adoptions;
        p.evidence.get_said_404 = false;
        p.facts.has_id = true;
        p.facts.lookup = Lookup::found;
        p.facts.same_hash = !p.facts.is_mutable;
        p.facts.presence = Presence::assumed;
      }));
    }
    return next;
  }

  static void doubt(Path& path) { path.facts.presence = Presence::doubted; }
  static void miss(Path& path) {
    path.facts.presence = Presence::not_read;
    path.evidence.get_said_404 = true;
  }

  static std::vector<Path> answers(Step step, const Path& path) {
    switch (step) {
      case Step::look_up: return after_look_up(path);
      case Step::create: {
        Path created = path;
        ++created.evidence.creates;
        return after_write(created);
      }
      case Step::update: {
        auto next = after_write(path);
        next.push_back(with(path, doubt));
        return next;
      }
      case Step::compare:
        return {with(path, [](Path& p) { learn_from_read(p.facts, true); }),
                with(path, [](Path& p) { learn_from_read(p.facts, false); }), with(path, miss)};
      case Step::check_gone: return {with(path, miss)};
      case Step::remove:
        return {with(path, [](Path& p) { p.facts.removed = true; }), with(path, doubt)};
      default: return {};
    }
  }
};

/// The facts that a claim can start from.
std::vector<Facts> starts() {
  std::vector<Facts> all;
  for (int bits = 0; bits < 32; ++bits) {
    for (const auto open : {OpenRequest::none, OpenRequest::may_land, OpenRequest::may_stand}) {
      Facts facts;
      facts.op = (bits & 1) != 0 ? Op::remove : Op::upsert;
      facts.has_id = (bits & 2) != 0;
      facts.blocked = (bits & 4) != 0;
      facts.same_hash = (bits & 8) != 0;
      facts.is_mutable = (bits & 16) != 0;
      facts.open = open;
      all.push_back(facts);
    }
  }
  return all;
}

TEST(DecidePaths, EveryWayEndsWhateverVapiAnswers) {
  Walk walk;
  for (const Facts& facts : starts()) {
    walk.from({facts, {}, {}});
    ASSERT_FALSE(HasFatalFailure());
  }
  EXPECT_GT(walk.ends, 500);
  EXPECT_LE(walk.longest, 14U) << describe(walk.longest_way);
}

TEST(DecidePaths, TheUsualWaysAreShort) {
  const auto length = [](Facts facts) {
    size_t steps = 1;
    for (Step step = decide(facts); step != Step::confirm; step = decide(facts), ++steps) {
      if (step == Step::remove) facts.removed = true;
      if (step == Step::compare) learn_from_read(facts, true);
      if (step == Step::create || step == Step::update) learn_from_write(facts, true);
      facts.has_id = true;
    }
    return steps;
  };
  Facts facts;
  EXPECT_EQ(length(facts), 2U) << "create, confirm";
  facts.has_id = true;
  EXPECT_EQ(length(facts), 2U) << "update, confirm";
  facts.same_hash = true;
  EXPECT_EQ(length(facts), 2U) << "compare, confirm";
  facts.op = Op::remove;
  EXPECT_EQ(length(facts), 2U) << "remove, confirm";
}

}  // namespace
}  // namespace vapisync::core
