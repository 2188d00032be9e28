#pragma once
// For what can only be asked again and again: a page, a row, somebody else's server.
#include <chrono>
#include <functional>
#include <string>

namespace vapisync::test {

/// Returns once it holds, and throws with `what` after `patience`. A runtime_error counts as not
/// yet.
void await(const std::string& what, const std::function<bool()>& holds,
           std::chrono::seconds patience = std::chrono::minutes(1));

}  // namespace vapisync::test
