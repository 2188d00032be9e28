#pragma once
// What libpqxx threw, as an Error. The only place that knows its exceptions and SQLSTATEs.
#include <stdexcept>

#include "base/error.hpp"

namespace vapisync::db {

/// Thrown where a connection works but must not be used; `to_error` gives back its error.
class Refused : public std::runtime_error {
 public:
  explicit Refused(Error why) : std::runtime_error(why.message), error_(std::move(why)) {}
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

/// `retry` for a lost or refused connection (code `db_connection`: throw the connection away) and
/// for passing conflicts; `invalid` for input the database refuses; `fatal` for a bug of ours.
/// `code` is `db_connection`, or `sql_` and the SQLSTATE.
Error to_error(const std::exception& thrown);

inline bool connection_lost(const Error& error) {
  return error.code == "db_connection";
}

}  // namespace vapisync::db
