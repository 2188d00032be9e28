#pragma once
// The promises, checked by what database, sandbox and journal say once everything has come to rest.
// Nothing here shares code with what it judges, but for the parser of markers.
#include <string>
#include <vector>

#include "chaos/evidence.hpp"

namespace vapisync::chaos {

using Complaints = std::vector<std::string>;

/// Every acknowledged save is there, has ended, and how it ended is true.
void check_saves(const Evidence& evidence, Complaints& complaints);

/// What is wanted is what was asked, undone saves left out; nothing is open or left to do.
void check_wanted(const Evidence& evidence, Complaints& complaints);

/// One object for each resource that wants one, in its account, with its contents; none besides but
/// the listed leftovers.
void check_objects(const Evidence& evidence, Complaints& complaints);

struct StaleSends {
  int allowed{0};  ///< in a time in which old requests may arrive
  Milliseconds longest_repair{0};
};
/// Nobody's objects were touched by another, and no version was sent after a newer one had been.
StaleSends check_calls(const Evidence& evidence, Complaints& complaints);

}  // namespace vapisync::chaos
