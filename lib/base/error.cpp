#include "base/error.hpp"

#include <stdexcept>

namespace vapisync {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::retry: return "retry";
    case Verdict::unknown: return "unknown";
    case Verdict::reject: return "reject";
    case Verdict::conflict: return "conflict";
    case Verdict::missing: return "missing";
    case Verdict::auth: return "auth";
    case Verdict::invalid: return "invalid";
    case Verdict::fatal: return "fatal";
  }
  return "fatal";
}

Error make_error(Verdict verdict, std::string code, std::string message, std::string path) {
  Error error;
  error.verdict = verdict;
  error.code = std::move(code);
  error.message = std::move(message);
  error.path = std::move(path);
  return error;
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("unchecked failure: " + error.code + ": " + error.message);
}

}  // namespace vapisync
