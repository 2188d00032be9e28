#pragma once
// What one command does on a connection of its own, whether a daemon runs or not.
#include <type_traits>

#include <pqxx/connection>

#include "config/config.hpp"
#include "db/conninfo.hpp"
#include "db/migrator.hpp"
#include "db/pqxx_errors.hpp"

namespace vapisync::commands {

/// Fails without calling `work` when the database is away, or its schema is not this binary's.
template <class Work>
auto on_database(const config::Config& config, Work work)
    -> std::invoke_result_t<Work, pqxx::connection&> {
  constexpr std::string_view needed[] = {"database.url"};
  if (auto complete = config::require(config, needed); !complete) return complete.error();
  try {
    pqxx::connection connection(db::with_timeouts(config.database.url).reveal());
    if (auto usable = db::check_schema(connection); !usable) return usable.error();
    return work(connection);
  } catch (const std::exception& thrown) {
    return db::to_error(thrown);
  }
}

}  // namespace vapisync::commands
