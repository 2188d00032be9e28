#pragma once
// The next step for one resource, from what is known about it: the heart of vapisync.
// Pure. The syncer carries the step out, adds what it learned to the facts, and asks again until
// the answer is a step that ends the claim.
#include <string_view>

namespace vapisync::core {

enum class Op { upsert, remove };

/// The resources that stand in the way: for an upsert what it refers to, for a delete what refers
/// to it.
enum class Others {
  ready,
  waiting,   ///< they may be out of the way soon
  hopeless,  ///< they will not, as things are
};

/// A request is open while nobody knows whether it landed.
enum class OpenRequest {
  none,
  may_land,   ///< younger than W: it may still arrive
  may_stand,  ///< older than W: it landed by now, or never will; a look settles it
};

/// The remote object behind an id we hold.
enum class Presence {
  assumed,
  doubted,   ///< a write was answered 404
  not_read,  ///< GET by id was answered 404
  gone,      ///< and the marker look-up over the whole account found nothing: believed
};

/// The marker look-up that closes an open create.
enum class Lookup { not_made, absent, found };

/// What verification said about the last answer.
enum class Match {
  unknown,
  same,
  differs_before,     ///< what stood there before we wrote is not what is wanted
  differs_on_answer,  ///< the answer to our write is not what we sent
  differs_on_read,    ///< nor is a second reading
  differs_on_resend,  ///< nor is the answer to sending it once more
};

struct Facts {
  Op op{Op::upsert};
  bool has_id{false};
  bool blocked{false};    ///< a rejection stands: nothing is sent but a last look
  bool has_live{true};    ///< some version was confirmed: a last look knows what must stand there
  bool is_mutable{true};  ///< the kind has a PATCH; else a new document is a new object
  bool same_hash{false};  ///< the wanted document is the one confirmed last
  Others others{Others::ready};
  OpenRequest open{OpenRequest::none};
  Lookup lookup{Lookup::not_made};
  Presence presence{Presence::assumed};
  Match match{Match::unknown};
  bool removed{false};  ///< DELETE was answered 200
  bool foreign{false};  ///< the object lies in another account than the credential's
};

enum class Step {
  // goes on
  look_up,     ///< list the account and match our marker
  create,      ///< POST the whole document
  update,      ///< PATCH document and resets
  compare,     ///< GET, and compare with the document
  check_gone,  ///< GET by id, after a 404 to a write
  remove,      ///< DELETE
  // ends the claim
  confirm,            ///< Vapi has what is wanted
  settle_difference,  ///< it insists on another value: a warning, or a rejection
  wait,               ///< an open create may still appear: look again later
  wait_for_others,    ///< what it refers to, or what refers to it, comes first
  refuse,             ///< those will never be out of the way
  forget,             ///< the id is dead: drop it, and start again with another claim
  leave_behind,       ///< the id is another account's: list it as a leftover, and start again
  finish_look,        ///< the last look of a blocked resource is done
};

Step decide(const Facts& facts);

/// What the comparison of an answer with the document adds to the facts.
void learn_from_write(Facts& facts, bool same);
void learn_from_read(Facts& facts, bool same);

std::string_view to_string(Step step);

}  // namespace vapisync::core
