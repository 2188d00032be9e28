#pragma once
// A connection that can call the engine's statements whatever lies between it and the server.
// Direct, they are prepared once under their names. A pooler in transaction mode gives every
// statement to another session, which knows no name: there each carries its text along.
#include <string>

#include <pqxx/pqxx>

namespace vapisync::db {

class Connection : public pqxx::connection {
 public:
  explicit Connection(const std::string& url) : pqxx::connection(url) {}

  /// Calls sql/engine/NAME.sql as a transaction of its own.
  template <class... Args>
  pqxx::result call(const char* name, const Args&... args) {
    pqxx::nontransaction tx(*this);
    return call(tx, name, args...);
  }

  /// The same inside a transaction of this connection.
  template <class... Args>
  pqxx::result call(pqxx::transaction_base& tx, const char* name, const Args&... args) {
    return direct_ ? tx.exec_prepared(name, args...) : tx.exec_params(text_of(name), args...);
  }

  /// Whether one session of the server belongs to this connection alone.
  [[nodiscard]] bool direct() const { return direct_; }
  /// Asks the server; `trust_names` is false where names were seen to get lost.
  void find_out(bool trust_names);
  void prepare_statements();

 private:
  static std::string text_of(const char* name);
  bool direct_{true};
};

/// What tells that a pooler is in between: the session that answers is not the one that greeted.
bool is_pooled(pqxx::connection& connection);

}  // namespace vapisync::db
