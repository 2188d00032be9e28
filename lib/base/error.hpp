#pragma once
// Expected failure as a value: what went wrong for people, and a verdict for the caller.
// Callers branch on the verdict only; code, message and path are for logs, rows and answers.
#include <string>

#include <boost/system/result.hpp>

namespace vapisync {

enum class Verdict {
  retry,     ///< did not happen; the same request may work later
  unknown,   ///< may have happened: nobody may assume either
  reject,    ///< the other side refuses this content; trying again is useless
  conflict,  ///< refused for now by something that refers to it (409 pinned)
  missing,   ///< the object does not exist
  auth,      ///< the credential is refused: everything that uses it waits
  invalid,   ///< the caller's or the operator's input is wrong
  fatal,     ///< this process can not go on
};

std::string_view to_string(Verdict verdict);

struct Error {
  Verdict verdict{Verdict::fatal};
  std::string code;     ///< stable word for programs: `http_500`, `timeout`, `not_stored`
  std::string message;  ///< sentence for people: what happened, where, what to do
  std::string path;     ///< field the error is about, empty if none
  int status{0};        ///< HTTP status, 0 if none
  /// Earliest useful next try that the other side asked for, 0 if it did not.
  long retry_after_ms{0};
};

Error make_error(Verdict verdict, std::string code, std::string message, std::string path = {});

/// Dropping a Result is a compiler warning, and warnings are errors.
template <class T = void>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
  using Base = boost::system::result<T, Error>;

 public:
  using Base::Base;
};

/// `value()` on a failed Result is a bug of ours; it throws with the error's text.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& at);

}  // namespace vapisync
