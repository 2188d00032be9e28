#include "db/restored.hpp"

namespace vapisync::db {
namespace {

Result<std::string> ask(pqxx::connection& connection, const char* function) try {
  pqxx::work tx(connection);
  const auto answer =
      tx.exec1(std::string("SELECT vapisync.") + function + "()")[0].as<std::string>();
  tx.commit();
  return answer;
} catch (const std::exception& thrown) {
  return to_error(thrown);
}

}  // namespace

Result<std::string> restored_status(pqxx::connection& connection) {
  return ask(connection, "restored_status");
}

Result<std::string> resync(pqxx::connection& connection) {
  return ask(connection, "resync");
}

Result<std::string> detach(pqxx::connection& connection) {
  return ask(connection, "detach");
}

boost::asio::awaitable<Result<Touched>> touch_restored(Pool& pool, int due_max) {
  auto work = [due_max](Connection& connection) {
    const auto row = connection.call("touch_restored", due_max).front();
    const int resources = row["touched"].as<int>();
    return Touched{resources, row["listed"].as<bool>()};
  };
  co_return co_await pool.run(std::move(work));
}

}  // namespace vapisync::db
