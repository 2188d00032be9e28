#include "db/pqxx_errors.hpp"

#include <fmt/format.h>
#include <string>
#include <string_view>

#include <pqxx/except>

namespace vapisync::db {
namespace {

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string(text);
}

/// By class: https://www.postgresql.org/docs/15/errcodes-appendix.html
Verdict verdict_of(std::string_view sqlstate) {
  const std::string_view group = sqlstate.substr(0, 2);
  if (group == "08" || group == "53" || group == "57" || group == "58") return Verdict::retry;
  if (group == "40" || group == "55" || sqlstate == "25006") return Verdict::retry;
  // A pooler lost a prepared statement: the next try carries its text along.
  if (sqlstate == "26000" || sqlstate == "42P05") return Verdict::retry;
  if (group == "22" || group == "PT" || sqlstate == "42501") return Verdict::invalid;
  return Verdict::fatal;
}

/// What our own functions refuse is written for people: its message and hint, without the rest.
bool is_for_people(std::string_view sqlstate) {
  return sqlstate.starts_with("PT") || sqlstate == "22023";
}

std::string words_of(std::string_view what) {
  const auto line = [what](std::string_view label) -> std::string {
    const size_t at = what.find(label);
    if (at == std::string_view::npos) return {};
    const auto rest = what.substr(at + label.size());
    return std::string(rest.substr(0, rest.find('\n')));
  };
  const std::string message = line("ERROR:  ");
  const std::string hint = line("HINT:  ");
  if (message.empty()) return trimmed(what);
  return hint.empty() ? message : message + ". " + hint;
}

Error lost(const std::exception& thrown) {
  return make_error(Verdict::retry, "db_connection",
                    "no connection to the database: " + trimmed(thrown.what()));
}

}  // namespace

Error to_error(const std::exception& thrown) {
  if (const auto* refused = dynamic_cast<const Refused*>(&thrown)) return refused->error();
  if (dynamic_cast<const pqxx::broken_connection*>(&thrown) != nullptr) return lost(thrown);
  // The commit may or may not have happened; every statement of ours is safe to repeat.
  if (dynamic_cast<const pqxx::in_doubt_error*>(&thrown) != nullptr) return lost(thrown);
  // libpqxx 6 throws this one without its SQLSTATE.
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&thrown) != nullptr) {
    return make_error(Verdict::invalid, "sql_42501",
                      "the database user may not do this: " + trimmed(thrown.what()));
  }
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&thrown)) {
    // The server ends a session with class 57 (shutdown, crash); the connection is gone with it.
    if (sql->sqlstate().starts_with("57P")) return lost(thrown);
    if (is_for_people(sql->sqlstate())) {
      return make_error(Verdict::invalid, "sql_" + sql->sqlstate(), words_of(thrown.what()));
    }
    return make_error(verdict_of(sql->sqlstate()), "sql_" + sql->sqlstate(),
                      "the database refused a statement: " + trimmed(thrown.what()));
  }
  if (dynamic_cast<const pqxx::serialization_failure*>(&thrown) != nullptr) {
    return make_error(Verdict::retry, "sql_40001", "database conflict: " + trimmed(thrown.what()));
  }
  return make_error(Verdict::fatal, "db_failure", "database failure: " + trimmed(thrown.what()));
}

}  // namespace vapisync::db
