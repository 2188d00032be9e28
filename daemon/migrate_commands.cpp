#include <fmt/format.h>

#include <pqxx/pqxx>

#include "base/json.hpp"
#include "commands.hpp"
#include "db/migrator.hpp"
#include "db/pqxx_errors.hpp"

namespace vapisync::commands {
namespace {

using db::MigrationStatus;
using Migration = Result<MigrationStatus> (*)(pqxx::connection&);

Result<MigrationStatus> on_database(const config::Config& config, Migration migration) {
  constexpr std::string_view needed[] = {"database.url"};
  if (auto complete = config::require(config, needed); !complete) return complete.error();
  try {
    pqxx::connection connection(config.database.url.reveal());
    return migration(connection);
  } catch (const std::exception& thrown) {
    return db::to_error(thrown);
  }
}

json::Value names(const std::vector<std::string>& items, json::Document::AllocatorType& allocator) {
  json::Value array(rapidjson::kArrayType);
  for (const auto& item : items) array.PushBack(json::make_text(item, allocator), allocator);
  return array;
}

std::string to_json(const MigrationStatus& status) {
  json::Document document(rapidjson::kObjectType);
  auto& allocator = document.GetAllocator();
  json::set(document, "schema_version", json::Value(status.schema_version), allocator);
  json::set(document, "binary_version", json::Value(status.binary_version), allocator);
  json::set(document, "min_binary", json::Value(status.min_binary), allocator);
  json::set(document, "functions_current", json::Value(status.functions_current), allocator);
  json::set(document, "applied", names(status.applied, allocator), allocator);
  json::set(document, "pending", names(status.pending, allocator), allocator);
  return json::to_text(document);
}

void print_list(std::string_view title, const std::vector<std::string>& items) {
  fmt::print("{}{}\n", title, items.empty() ? " nothing" : "");
  for (const auto& item : items) fmt::print("  {}\n", item);
}

}  // namespace

int migrate_up(const config::Config& config, Output output) {
  const auto before = on_database(config, db::migrate_up);
  if (!before) return fail(before.error(), output);
  if (output.json) {
    fmt::print("{}\n", to_json(*before));
  } else {
    print_list("applied:", before->pending);
    fmt::print("the schema is at version {}\n", before->binary_version);
  }
  return exit_ok;
}

int migrate_status(const config::Config& config, Output output) {
  const auto status = on_database(config, db::migration_status);
  if (!status) return fail(status.error(), output);
  if (output.json) {
    fmt::print("{}\n", to_json(*status));
  } else {
    fmt::print("schema version {} in the database, {} in this binary\n", status->schema_version,
               status->binary_version);
    print_list("pending:", status->pending);
  }
  return status->pending.empty() ? exit_ok : exit_differs;
}

int migrate_sql() {
  fmt::print("{}", db::migration_sql());
  return exit_ok;
}

}  // namespace vapisync::commands
