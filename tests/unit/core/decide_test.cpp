// The decision table, twice: as rules that hold for every combination of facts, and by its rows.
#include "core/decide.hpp"

#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <set>
#include <vector>

namespace vapisync::core {
namespace {

constexpr std::array ops{Op::upsert, Op::remove};
constexpr std::array yes_or_no{false, true};
constexpr std::array opens{OpenRequest::none, OpenRequest::may_land, OpenRequest::may_stand};
constexpr std::array others{Others::ready, Others::waiting, Others::hopeless};
constexpr std::array lookups{Lookup::not_made, Lookup::absent, Lookup::found};
constexpr std::array presences{Presence::assumed, Presence::doubted, Presence::not_read,
                               Presence::gone};
constexpr std::array matches{
    Match::unknown,           Match::differs_before,  Match::same,
    Match::differs_on_answer, Match::differs_on_read, Match::differs_on_resend};

/// Each of these facts with each value of one more field.
template <class Values, class Field>
std::vector<Facts> times(const std::vector<Facts>& all, const Values& values, Field Facts::*field) {
  std::vector<Facts> out;
  for (Facts facts : all) {
    for (const auto value : values) {
      facts.*field = value;
      out.push_back(facts);
    }
  }
  return out;
}

std::vector<Facts> all_facts() {
  std::vector<Facts> all{Facts{}};
  all = times(all, ops, &Facts::op);
  all = times(all, yes_or_no, &Facts::has_id);
  all = times(all, yes_or_no, &Facts::blocked);
  all = times(all, yes_or_no, &Facts::same_hash);
  all = times(all, opens, &Facts::open);
  all = times(all, lookups, &Facts::lookup);
  all = times(all, presences, &Facts::presence);
  all = times(all, matches, &Facts::match);
  all = times(all, others, &Facts::others);
  all = times(all, yes_or_no, &Facts::is_mutable);
  return times(all, yes_or_no, &Facts::removed);
}

std::string describe(const Facts& f) {
  const auto number = [](auto value) { return std::to_string(static_cast<int>(value)); };
  return "op " + number(f.op) + " id " + number(f.has_id) + " blocked " + number(f.blocked) +
         " hash " + number(f.same_hash) + " open " + number(f.open) + " lookup " +
         number(f.lookup) + " presence " + number(f.presence) + " match " + number(f.match) +
         " removed " + number(f.removed) + " others " + number(f.others) + " mutable " +
         number(f.is_mutable);
}

/// Checks `rule` for all facts that lead to `step`, and that there are some.
void for_each_with(Step step, const std::function<bool(const Facts&)>& rule) {
  int seen = 0;
  for (const Facts& facts : all_facts()) {
    if (decide(facts) != step) continue;
    ++seen;
    ASSERT_TRUE(rule(facts)) << to_string(step) << " with " << describe(facts);
  }
  EXPECT_GT(seen, 0) << to_string(step) << " never happens";
}

TEST(Decide, CreatesOnlyWhereNoObjectCanBe) {
  for_each_with(Step::create, [](const Facts& f) {
    const bool settled = f.open == OpenRequest::none ||
                         (f.open == OpenRequest::may_stand && f.lookup == Lookup::absent) ||
                         f.lookup == Lookup::found;
    const bool first = !f.has_id && f.match == Match::unknown;
    // A new document of an immutable kind, or one that somebody changed, is a new object.
    const bool anew = f.has_id && !f.is_mutable &&
                      (f.match == Match::unknown ? !f.same_hash : f.match == Match::differs_before);
    const bool free = f.others == Others::ready || f.match != Match::unknown;
    const bool known = f.is_mutable && f.has_id;
    return f.op == Op::upsert && (first || anew || f.match == Match::differs_before) &&
           !f.blocked && (settled || known) && f.presence == Presence::assumed && free;
  });
}

TEST(Decide, WaitsOnlyForAnOpenCreateThatWasLookedFor) {
  for_each_with(Step::wait, [](const Facts& f) {
    return (!f.has_id || !f.is_mutable) && f.open == OpenRequest::may_land &&
           f.lookup == Lookup::absent;
  });
}

TEST(Decide, WaitsForOthersOnlyBeforeItSentAnything) {
  for (const Step step : {Step::wait_for_others, Step::refuse}) {
    for_each_with(step, [step](const Facts& f) {
      return f.others == (step == Step::refuse ? Others::hopeless : Others::waiting) &&
             !f.blocked &&
             (f.op == Op::remove ? f.has_id && !f.removed : f.match == Match::unknown);
    });
  }
}

TEST(Decide, NeverUpdatesWhatCanNotBeUpdated) {
  for_each_with(Step::update, [](const Facts& f) { return f.is_mutable; });
}

TEST(Decide, LooksUpOnlyForAnOpenCreateOrADeadId) {
  for_each_with(Step::look_up, [](const Facts& f) {
    const bool open_create =
        (!f.has_id || !f.is_mutable) && f.open != OpenRequest::none && f.lookup == Lookup::not_made;
    return f.presence == Presence::not_read || (f.presence == Presence::assumed && open_create);
  });
}

TEST(Decide, ConfirmsAnUpsertOnlyWhenVapiHasIt) {
  for_each_with(Step::confirm, [](const Facts& f) {
    if (f.op == Op::upsert) return f.match == Match::same && f.presence == Presence::assumed;
    return f.presence == Presence::gone || f.removed || !f.has_id;
  });
}

TEST(Decide, NeverSendsAWriteForABlockedResourceThatWasNotReadAndFoundDifferent) {
  for (const Facts& facts : all_facts()) {
    if (!facts.blocked) continue;
    const Step step = decide(facts);
    ASSERT_TRUE(step != Step::create && step != Step::remove && step != Step::confirm)
        << to_string(step) << " with " << describe(facts);
    if (step != Step::update) continue;
    ASSERT_TRUE(facts.match == Match::differs_before || facts.match == Match::differs_on_read)
        << describe(facts);
  }
}

TEST(Decide, OnlyBlockedResourcesEndInALastLook) {
  for_each_with(Step::finish_look, [](const Facts& f) {
    const bool beyond_repair = !f.is_mutable && f.match != Match::unknown;
    return f.blocked && (!f.has_id || f.match == Match::same || beyond_repair);
  });
}

TEST(Decide, ForgetsOnlyAnIdThatTheGetAndTheLookUpMissed) {
  for_each_with(Step::forget, [](const Facts& f) { return f.presence == Presence::gone; });
}

TEST(Decide, ReadsAgainBeforeItSendsAgain) {
  for_each_with(Step::settle_difference, [](const Facts& f) {
    const bool last =
        f.match == Match::differs_on_resend || (!f.is_mutable && f.match == Match::differs_on_read);
    return last && (f.has_id || f.op == Op::upsert);
  });
}

TEST(Decide, DeletesOnlyAnIdWeHold) {
  for_each_with(Step::remove, [](const Facts& f) {
    return f.op == Op::remove && f.has_id && !f.removed && !f.blocked;
  });
}

Facts with_id(Op op = Op::upsert) {
  Facts facts;
  facts.op = op;
  facts.has_id = true;
  return facts;
}

TEST(Decide, ANewResourceIsCreated) {
  EXPECT_EQ(decide(Facts{}), Step::create);
}

TEST(Decide, AKnownResourceIsUpdated) {
  EXPECT_EQ(decide(with_id()), Step::update);
}

TEST(Decide, AnEqualHashOnlyMakesTheQuestionCheaper) {
  Facts facts = with_id();
  facts.same_hash = true;
  EXPECT_EQ(decide(facts), Step::compare);
  learn_from_read(facts, true);
  EXPECT_EQ(decide(facts), Step::confirm);
}

TEST(Decide, DriftIsSentOverAndThenVerifiedLikeAnyWrite) {
  Facts facts = with_id();
  facts.same_hash = true;
  learn_from_read(facts, false);
  EXPECT_EQ(decide(facts), Step::update);
  learn_from_write(facts, false);
  EXPECT_EQ(decide(facts), Step::compare) << "the first answer may be old: it is read again";
  learn_from_read(facts, false);
  EXPECT_EQ(decide(facts), Step::update) << "and sent again once";
  learn_from_write(facts, false);
  EXPECT_EQ(decide(facts), Step::settle_difference);
}

TEST(Decide, ADifferenceIsReadAgainOnceAndSentAgainOnce) {
  Facts facts = with_id();
  learn_from_write(facts, false);
  EXPECT_EQ(decide(facts), Step::compare);
  learn_from_read(facts, false);
  EXPECT_EQ(decide(facts), Step::update);
  learn_from_write(facts, false);
  EXPECT_EQ(decide(facts), Step::settle_difference);
}

TEST(Decide, ADifferenceThatAReadingClearsIsConfirmed) {
  Facts facts = with_id();
  learn_from_write(facts, false);
  learn_from_read(facts, true);
  EXPECT_EQ(decide(facts), Step::confirm);
}

TEST(Decide, AnOpenCreateIsLookedForBeforeAnythingElse) {
  Facts facts;
  for (const Op op : ops) {
    facts.op = op;
    facts.open = OpenRequest::may_land;
    facts.lookup = Lookup::not_made;
    EXPECT_EQ(decide(facts), Step::look_up);
    facts.lookup = Lookup::absent;
    EXPECT_EQ(decide(facts), Step::wait) << "it may still arrive";
    facts.open = OpenRequest::may_stand;
    EXPECT_EQ(decide(facts), op == Op::upsert ? Step::create : Step::confirm);
  }
}

TEST(Decide, AnOpenUpdateHoldsUpNothing) {
  Facts facts = with_id();
  facts.open = OpenRequest::may_land;
  EXPECT_EQ(decide(facts), Step::update);
}

TEST(Decide, ADeleteWithoutAnObjectNeedsNoCall) {
  Facts facts;
  facts.op = Op::remove;
  EXPECT_EQ(decide(facts), Step::confirm);
}

TEST(Decide, A404IsBelievedAfterAGetAndALookUp) {
  for (const Op op : ops) {
    Facts facts = with_id(op);
    facts.presence = Presence::doubted;
    EXPECT_EQ(decide(facts), Step::check_gone);
    facts.presence = Presence::not_read;
    EXPECT_EQ(decide(facts), Step::look_up);
    facts.presence = Presence::gone;
    EXPECT_EQ(decide(facts), op == Op::upsert ? Step::forget : Step::confirm);
  }
}

TEST(Decide, ABlockedResourceIsReadOnceAndMendedIfItDiffers) {
  Facts facts = with_id();
  facts.blocked = true;
  EXPECT_EQ(decide(facts), Step::compare);
  learn_from_read(facts, false);
  EXPECT_EQ(decide(facts), Step::update);
  learn_from_write(facts, true);
  EXPECT_EQ(decide(facts), Step::finish_look);
}

TEST(Decide, ANewDocumentOfAnImmutableKindIsANewObject) {
  Facts facts = with_id();
  facts.is_mutable = false;
  EXPECT_EQ(decide(facts), Step::create);
  facts.open = OpenRequest::may_stand;
  EXPECT_EQ(decide(facts), Step::look_up) << "the create that is open may have made it";
  facts.lookup = Lookup::absent;
  EXPECT_EQ(decide(facts), Step::create);
  facts.same_hash = true;
  EXPECT_EQ(decide(facts), Step::compare);
}

TEST(Decide, WhatRefersToADeletedObjectGoesFirst) {
  Facts facts = with_id(Op::remove);
  facts.others = Others::waiting;
  EXPECT_EQ(decide(facts), Step::wait_for_others);
  facts.others = Others::hopeless;
  EXPECT_EQ(decide(facts), Step::refuse);
  facts.has_id = false;
  EXPECT_EQ(decide(facts), Step::confirm) << "there is nothing that could be referred to";
}

TEST(Decide, EveryStepHasItsOwnName) {
  std::set<std::string_view> names;
  for (const Facts& facts : all_facts()) names.insert(to_string(decide(facts)));
  EXPECT_EQ(names.size(), 13U);
}

}  // namespace
}  // namespace vapisync::core
