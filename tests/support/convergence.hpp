#pragma once
// How a test of trouble ends: the trouble is over, everything comes to rest, and what Vapi holds is
// what the database wants.
#include <string>

#include "support/stage.hpp"

namespace vapisync::test {

/// Asks on connections of its own until the answer is `wanted`; a database that is away is asked
/// again. Fails the test after a minute.
void await_sql(const std::string& url, const std::string& question, const std::string& wanted);

/// Waits until nothing needs work any more, then compares database and sandbox: one object for each
/// resource, with every wanted field, and none besides; every save ended.
void expect_equal(const std::string& url, SandboxProcess& sandbox);

/// How many lines of these levels a process wrote.
int count_lines(const std::string& output, const std::string& event = {});

}  // namespace vapisync::test
