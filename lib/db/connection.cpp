#include "db/connection.hpp"

#include <algorithm>
#include <stdexcept>

#include "db/embedded_sql.hpp"

namespace vapisync::db {

void Connection::find_out(bool trust_names) {
  direct_ = !is_pooled(*this) && trust_names;
}

void Connection::prepare_statements() {
  for (const auto& statement : sql::engine()) {
    prepare(std::string(statement.name), std::string(statement.text));
  }
}

std::string Connection::text_of(const char* name) {
  const auto files = sql::engine();
  const auto found = std::ranges::find(files, std::string_view(name), &sql::File::name);
  if (found == files.end()) throw std::invalid_argument(std::string("no statement ") + name);
  return std::string(found->text);
}

bool is_pooled(pqxx::connection& connection) {
  pqxx::nontransaction tx(connection);
  return tx.exec1("SELECT pg_backend_pid()")[0].as<int>() != connection.backendpid();
}

}  // namespace vapisync::db
