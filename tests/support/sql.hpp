#pragma once
// Short words for tests that speak SQL.
#include <chrono>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include <pqxx/pqxx>

namespace vapisync::test {

/// The first value of a statement that is its own transaction; "null" for NULL, "" for no row.
inline std::string value(pqxx::connection& connection, const std::string& statement) {
  pqxx::nontransaction tx(connection);
  const auto rows = tx.exec(statement);
  if (rows.empty() || rows.columns() == 0) return "";
  return rows[0][0].is_null() ? "null" : rows[0][0].c_str();
}

/// What the server answered to a statement that it refused; empty when it did not.
struct Refusal {
  std::string sqlstate;
  std::string message;
};

template <class Transaction>
Refusal refusal_in(Transaction& tx, const std::string& statement) {
  try {
    tx.exec(statement);
    return {};
  } catch (const pqxx::insufficient_privilege& error) {  // these two come without their sqlstate
    return {"42501", error.what()};
  } catch (const pqxx::check_violation& error) {
    return {"23514", error.what()};
  } catch (const pqxx::sql_error& error) {
    return {error.sqlstate(), error.what()};
  }
}

inline Refusal refusal(pqxx::connection& connection, const std::string& statement) {
  pqxx::nontransaction tx(connection);
  return refusal_in(tx, statement);
}

/// Returns when the backend waits for a lock that somebody holds. Fails the test after 20 seconds.
inline void await_blocked(pqxx::connection& observer, int backend) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const auto question = "SELECT cardinality(pg_blocking_pids(" + std::to_string(backend) + ")) > 0";
  while (value(observer, question) != "t") {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "backend " << backend << " never waited for a lock";
      return;
    }
    std::this_thread::yield();
  }
}

inline std::string save_agents(const std::string& org, const std::string& request,
                               const std::string& agents) {
  return "SELECT vapisync.save_agents('" + org + "', '" + request + "', $json$" + agents +
         "$json$)";
}

/// Ends `failed` when Vapi refuses a part of it, and keeps the rest.
inline std::string save_agents_and_hold(const std::string& org, const std::string& request,
                                        const std::string& agents) {
  return "SELECT vapisync.save_agents('" + org + "', '" + request + "', $json$" + agents +
         "$json$, 'hold')";
}

inline std::string save(const std::string& org, const std::string& request,
                        const std::string& changes) {
  return "SELECT vapisync.save('" + org + "', '" + request + "', $json$" + changes + "$json$)";
}

inline constexpr const char* invalid_parameter = "22023";
inline constexpr const char* not_allowed = "42501";
inline constexpr const char* other_content = "PT409";
inline constexpr const char* unknown_request = "PT404";

}  // namespace vapisync::test
