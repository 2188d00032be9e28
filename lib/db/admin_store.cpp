#include "db/admin_store.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include <pqxx/pqxx>

#include "db/embedded_sql.hpp"
#include "db/engine_rows.hpp"
#include "db/pqxx_errors.hpp"

namespace vapisync::db {
namespace {

constexpr int retry_batch = 500;
constexpr int prune_batch = 500;

std::string statement(std::string_view name) {
  const auto files = sql::ops();
  const auto found = std::ranges::find(files, name, &sql::File::name);
  if (found == files.end()) throw std::invalid_argument("no statement " + std::string(name));
  return std::string(found->text);
}

/// For one transaction, so that it holds behind a pooler too.
std::string session(Milliseconds lock_timeout) {
  return fmt::format(
      "SET LOCAL TimeZone = 'UTC'; SET LOCAL jit = off; SET LOCAL statement_timeout = '60s';"
      "SET LOCAL lock_timeout = {}",
      lock_timeout.count());
}

Error explain(Error error) {
  if (error.code != "sql_55P03") return error;
  error.message =
      "an application holds one of the resources in an open transaction: nothing was done, try "
      "again";
  return error;
}

AdminStore::Answer parse_answer(const pqxx::result& rows) {
  return json::parse(rows.empty() ? "null" : rows[0][0].as<std::string>("null"));
}

std::optional<int64_t> number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1) return std::nullopt;
  return value;
}

/// Adds the numbers of one batch to those before it.
void add(json::Document& total, const json::Document& batch) {
  auto& allocator = total.GetAllocator();
  for (const auto& member : batch.GetObject()) {
    const auto name = json::text(member.name);
    if (name == "next" || !member.value.IsInt64()) continue;
    const int64_t sum = json::int_or(total, name, 0) + member.value.GetInt64();
    json::set(total, name, json::Value(sum), allocator);
  }
}

/// `one(after)` does a batch after this resource, until there is no next.
template <class One>
AdminStore::Answer in_batches(One one) {
  json::Document total(rapidjson::kObjectType);
  for (std::optional<int64_t> after = 0; after;) {
    auto batch = one(*after);
    if (!batch) return batch;
    add(total, *batch);
    const auto* next = json::find(*batch, "next");
    after = next != nullptr && next->IsInt64() ? std::optional(next->GetInt64()) : std::nullopt;
  }
  return total;
}

}  // namespace

Result<EntryId> parse_entry_id(const std::string& text) {
  const size_t dot = text.find('.');
  const auto resource = number(std::string_view(text).substr(0, dot));
  const auto version =
      dot == std::string::npos ? std::nullopt : number(std::string_view(text).substr(dot + 1));
  if (resource && version) return EntryId{*resource, *version};
  return make_error(
      Verdict::invalid, "usage",
      fmt::format("'{}' is not an entry: RESOURCE.VERSION, as outbox list shows it", text));
}

Result<ResourceName> parse_resource_name(const std::string& org, const std::string& text) {
  const size_t slash = text.find('/');
  if (slash != std::string::npos && slash > 0 && slash + 1 < text.size()) {
    return ResourceName{org, text.substr(0, slash), text.substr(slash + 1)};
  }
  return make_error(
      Verdict::invalid, "usage",
      fmt::format("'{}' is not a resource: KIND/KEY, for example assistant/inbound", text));
}

template <class... Args>
AdminStore::Answer AdminStore::ask(const std::string& text, const Args&... args) try {
  pqxx::work tx(connection_);
  tx.exec(session(options_.lock_timeout));
  const pqxx::result rows = tx.exec_params(text, args...);
  tx.commit();
  return parse_answer(rows);
} catch (const std::exception& thrown) {
  return explain(to_error(thrown));
}

AdminStore::Answer AdminStore::status(std::chrono::seconds overdue_after) {
  return ask(statement("status"), overdue_after.count(), options_.platform_for_all);
}

AdminStore::Answer AdminStore::horizon() {
  return ask(statement("horizon"));
}

AdminStore::Answer AdminStore::entries(const EntryFilter& filter) {
  const auto historic = [](const std::string& state) {
    return state == "synced" || state == "superseded";
  };
  if (!filter.org && std::ranges::any_of(filter.states, historic)) {
    return make_error(Verdict::invalid, "usage",
                      "what ended well is many: name one org with --org");
  }
  const auto states =
      filter.states.empty() ? std::nullopt : std::optional(array_literal(filter.states));
  return ask(statement("outbox_list"), states, filter.org, filter.kind, filter.error,
             filter.since_seconds, filter.limit);
}

AdminStore::Answer AdminStore::entry(EntryId id) {
  return ask(statement("outbox_show"), id.resource_id, id.version);
}

AdminStore::Answer AdminStore::saves(const std::string& request_id,
                                     const std::optional<std::string>& org) {
  return ask(statement("saves_show"), request_id, org);
}

AdminStore::Answer AdminStore::why(const ResourceName& name, Milliseconds open_window) {
  return ask(statement("why"), name.org, name.kind, name.key, open_window.count(),
             options_.platform_for_all);
}

AdminStore::Answer AdminStore::history(const ResourceName& name, int limit) {
  return ask(statement("history"), name.org, name.kind, name.key, limit);
}

AdminStore::Answer AdminStore::consistency() {
  return ask(statement("consistency"));
}

AdminStore::Answer AdminStore::replay(EntryId id, bool only_entry, bool force, const Act& act) {
  return ask("SELECT vapisync.replay($1, $2, $3, $4, $5, $6)", id.resource_id, id.version,
             only_entry, force, act.dry_run, act.actor);
}

AdminStore::Answer AdminStore::discard(EntryId id, const Act& act) {
  return ask("SELECT vapisync.discard($1, $2, $3, $4)", id.resource_id, id.version, act.dry_run,
             act.actor);
}

AdminStore::Answer AdminStore::roll_back(const ResourceName& name, int64_t version,
                                         const Act& act) {
  return ask("SELECT vapisync.rollback_to($1, $2, $3, $4, $5, $6)", name.org, name.kind, name.key,
             version, act.dry_run, act.actor);
}

AdminStore::Answer AdminStore::pause(const std::string& org, bool paused,
                                     const std::optional<std::string>& reason, const Act& act) {
  return ask("SELECT vapisync.pause_org($1, $2, $3, $4)", org, paused, reason, act.actor);
}

AdminStore::Answer AdminStore::retry(const ResourceFilter& filter, const Act& act) {
  return in_batches([&](int64_t after) {
    return ask("SELECT vapisync.retry($1, $2, $3, $4, $5, $6, $7)", filter.org, filter.kind,
               filter.key, after, retry_batch, act.dry_run, act.actor);
  });
}

AdminStore::Answer AdminStore::end_pauses(const std::optional<std::string>& org, const Act& act) {
  return ask("SELECT vapisync.end_pauses($1, $2)", org, act.actor);
}

AdminStore::Answer AdminStore::prune(int retention_days, const Act& act) {
  return in_batches([&](int64_t after) {
    return ask("SELECT vapisync.prune(make_interval(days => $1), $2, $3, $4)", retention_days,
               after, prune_batch, act.dry_run);
  });
}

}  // namespace vapisync::db
