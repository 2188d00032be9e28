#pragma once
// A watch inside the database: who took a claim, and who ended it. Each daemon has a login of its
// own there, by which it is told from the others.
#include <string>
#include <vector>

#include "support/server.hpp"

namespace vapisync::chaos {

/// The login of the n-th daemon, from 1.
std::string login(int daemon);

/// Makes the logins and sets the watch.
void set_watch(const test::PostgresServer& server);

/// What was seen that may not be: a claim that somebody else ended, or took while it was held.
std::vector<std::string> ask_watch(const test::PostgresServer& server);

}  // namespace vapisync::chaos
