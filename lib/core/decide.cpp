#include "core/decide.hpp"

namespace vapisync::core {
namespace {

Step after_404(const Facts& facts) {
  switch (facts.presence) {
    case Presence::doubted: return Step::check_gone;
    case Presence::not_read: return Step::look_up;
    default: break;
  }
  // A claim that believed a 404 never creates: the id is forgotten, and the next claim starts anew.
  return facts.op == Op::remove && !facts.blocked ? Step::confirm : Step::forget;
}

/// Reads a difference again once, sends the document again once, and then accepts the verdict.
Step after_difference(const Facts& facts) {
  switch (facts.match) {
    case Match::differs_on_answer: return Step::compare;
    case Match::differs_before: return facts.is_mutable ? Step::update : Step::create;
    case Match::differs_on_read: return facts.is_mutable ? Step::update : Step::settle_difference;
    default: return Step::settle_difference;
  }
}

/// A blocked resource is only looked at: what was confirmed last must stand there.
Step last_look(const Facts& facts) {
  if (!facts.has_id || !facts.has_live || facts.match == Match::same) return Step::finish_look;
  if (facts.match == Match::unknown) return Step::compare;
  return facts.is_mutable ? after_difference(facts) : Step::finish_look;
}

Step after_others(const Facts& facts, Step free) {
  switch (facts.others) {
    case Others::ready: return free;
    case Others::waiting: return Step::wait_for_others;
    case Others::hopeless: return Step::refuse;
  }
  return free;
}

Step send(const Facts& facts) {
  if (!facts.has_id) return Step::create;
  // An equal hash never proves that nothing is to be done; it only makes the question cheaper.
  if (facts.same_hash) return Step::compare;
  return facts.is_mutable ? Step::update : Step::create;
}

}  // namespace

Step decide(const Facts& facts) {
  if (facts.foreign) return Step::leave_behind;
  if (facts.presence != Presence::assumed) return after_404(facts);

  const bool open_create = facts.open != OpenRequest::none && (!facts.has_id || !facts.is_mutable);
  if (open_create && facts.lookup == Lookup::not_made) return Step::look_up;
  if (open_create && facts.lookup == Lookup::absent && facts.open == OpenRequest::may_land) {
    return Step::wait;
  }

  if (facts.blocked) return last_look(facts);
  if (facts.op == Op::remove) {
    if (!facts.has_id || facts.removed) return Step::confirm;
    return after_others(facts, Step::remove);
  }
  if (facts.match == Match::same) return Step::confirm;
  if (facts.match != Match::unknown) return after_difference(facts);
  return after_others(facts, send(facts));
}

void learn_from_write(Facts& facts, bool same) {
  if (same) {
    facts.match = Match::same;
  } else {
    facts.match =
        facts.match == Match::differs_on_read ? Match::differs_on_resend : Match::differs_on_answer;
  }
}

void learn_from_read(Facts& facts, bool same) {
  if (same) {
    facts.match = Match::same;
  } else {
    facts.match = facts.match == Match::unknown ? Match::differs_before : Match::differs_on_read;
  }
}

std::string_view to_string(Step step) {
  switch (step) {
    case Step::look_up: return "look_up";
    case Step::create: return "create";
    case Step::update: return "update";
    case Step::compare: return "compare";
    case Step::check_gone: return "check_gone";
    case Step::remove: return "remove";
    case Step::confirm: return "confirm";
    case Step::settle_difference: return "settle_difference";
    case Step::wait: return "wait";
    case Step::wait_for_others: return "wait_for_others";
    case Step::refuse: return "refuse";
    case Step::forget: return "forget";
    case Step::leave_behind: return "leave_behind";
    case Step::finish_look: return "finish_look";
  }
  return "finish_look";
}

}  // namespace vapisync::core
