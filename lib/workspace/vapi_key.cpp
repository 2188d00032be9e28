#include "workspace/vapi_key.hpp"

#include <fmt/format.h>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <pqxx/pqxx>

#include "base/json.hpp"
#include "db/pqxx_errors.hpp"
#include "http/transport.hpp"
#include "vapi/classify.hpp"
#include "vapi/key_identity.hpp"
#include "vapi/kinds.hpp"

namespace vapisync::workspace {
namespace {

constexpr Milliseconds test_timeout{20'000};

Result<http::Response> get(const std::string& base_url, const Secret& key,
                           const std::string& target) {
  boost::asio::io_context context(1);
  auto origin = http::parse_origin(base_url);
  if (!origin) return origin.error();
  http::ClientOptions options;
  options.origin = std::move(*origin);
  options.user_agent = std::string("vapisync/") + VAPISYNC_VERSION;
  auto client = http::make_client(context.get_executor(), std::move(options));
  if (!client) return client.error();
  http::Request request;
  request.target = target;
  request.bearer = key;
  request.timeout = test_timeout;
  auto answer =
      boost::asio::co_spawn(context, (*client)->send(std::move(request)), boost::asio::use_future);
  context.run();
  auto exchange = answer.get();
  if (!exchange) return vapi::classify_failure(exchange.error(), vapi::Effect::read);
  if (exchange->status != 200) {
    return vapi::classify_status(*exchange, http::Method::get, key);
  }
  return std::move(*exchange);
}

/// The account that owns the first object of a list, or the object.
std::string account_in(const http::Response& response) {
  const auto parsed = json::parse(response.body);
  if (!parsed) return {};
  if (!parsed->IsArray()) return std::string(json::text_or(*parsed, "orgId", ""));
  return parsed->Empty() ? std::string{} : std::string(json::text_or((*parsed)[0], "orgId", ""));
}

/// Where the org's objects are now.
struct Home {
  std::string account_id;  ///< empty: not known
  std::string object;      ///< the target of one of them, if there is any
};

Home home_of(pqxx::connection& connection, const std::string& org_id) {
  pqxx::nontransaction tx(connection);
  const auto row = tx.exec_params1(
      "SELECT coalesce(r.account_id, c.account_id, ''), coalesce(r.remote_id, ''),"
      "  coalesce(r.kind, '')"
      " FROM (SELECT) nothing"
      " LEFT JOIN vapisync.orgs o ON o.org_id = $1"
      " LEFT JOIN vapisync.credentials c ON c.credential_id = o.credential_id"
      " LEFT JOIN LATERAL (SELECT x.account_id, x.remote_id, x.kind FROM vapisync.resources x"
      "  WHERE x.org_id = $1 AND x.remote_id IS NOT NULL LIMIT 1) r ON true",
      org_id);
  Home home{row[0].as<std::string>(), {}};
  const auto* kind = vapi::find_kind(row[2].as<std::string>());
  if (kind != nullptr) {
    home.object =
        fmt::format("{}/{}", kind->collection, http::percent_encode(row[1].as<std::string>()));
  }
  return home;
}

struct Tested {
  std::string account_id;
  bool same_account{true};
};

/// Two accounts are told apart by their ids; by whether one of our objects is there while the
/// account is empty, and so without a name.
Result<Tested> test_key(const NewKey& change, const Home& home) {
  auto list = get(change.base_url, change.key, "/assistant?limit=1");
  if (!list) return list.error();
  Tested tested{account_in(*list), true};
  if (!tested.account_id.empty() && !home.account_id.empty()) {
    tested.same_account = tested.account_id == home.account_id;
    return tested;
  }
  if (home.object.empty()) return tested;
  auto object = get(change.base_url, change.key, home.object);
  if (object) {
    tested.account_id = account_in(*object);
  } else if (object.error().verdict == Verdict::missing) {
    tested.same_account = false;
  } else {
    return object.error();
  }
  return tested;
}

}  // namespace

Result<std::string> try_key(const std::string& base_url, const Secret& key) {
  const auto list = get(base_url, key, "/assistant?limit=1");
  if (!list) return list.error();
  return account_in(*list);
}

Result<KeyChange> set_vapi_key(pqxx::connection& connection, const Sealer& sealer,
                               NewKey change) try {
  auto tested = test_key(change, home_of(connection, change.org_id));
  if (!tested) return tested.error();
  const std::string fingerprint = vapi::key_fingerprint(change.key, change.base_url);
  const std::string sealed = sealer.seal(change.key, vapi::credential_context(fingerprint));
  const std::optional<std::string> account =
      tested->account_id.empty() ? std::nullopt : std::optional(tested->account_id);
  pqxx::nontransaction tx(connection);
  const auto row =
      tx.exec_params1("SELECT vapisync.set_credential($1, $2, $3, $4, $5, $6)", change.org_id,
                      fingerprint, change.base_url, sealed, account, !tested->same_account);
  return KeyChange{row[0].as<int64_t>(), tested->account_id, !tested->same_account};
} catch (const std::exception& thrown) {
  return db::to_error(thrown);
}

Result<int64_t> grant_platform(pqxx::connection& connection, const std::string& org_id) try {
  pqxx::nontransaction tx(connection);
  return tx.exec_params1("SELECT vapisync.grant_platform($1)", org_id)[0].as<int64_t>();
} catch (const std::exception& thrown) {
  return db::to_error(thrown);
}

Result<bool> resume(pqxx::connection& connection, const std::string& org_id) try {
  pqxx::nontransaction tx(connection);
  return tx.exec_params1("SELECT vapisync.resume_credential($1)", org_id)[0].as<bool>();
} catch (const std::exception& thrown) {
  return db::to_error(thrown);
}

Result<Shown> show(pqxx::connection& connection, const std::string& org_id) try {
  pqxx::nontransaction tx(connection);
  const auto rows = tx.exec_params(
      "SELECT coalesce(c.credential_id, 0), coalesce(c.platform, false), coalesce(c.base_url, ''),"
      " coalesce(c.account_id, ''), coalesce(left(c.fingerprint, 8), ''), coalesce(c.state, ''),"
      " coalesce(c.paused_reason, ''),"
      " (SELECT count(*) FROM vapisync.resources r WHERE r.org_id = o.org_id),"
      " (SELECT count(*) FROM vapisync.work w WHERE w.org_id = o.org_id)"
      " FROM vapisync.orgs o LEFT JOIN vapisync.credentials c USING (credential_id)"
      " WHERE o.org_id = $1",
      org_id);
  Shown shown;
  if (rows.empty()) return shown;
  const auto row = rows[0];
  shown.known = true;
  shown.credential_id = row[0].as<int64_t>();
  shown.platform = row[1].as<bool>();
  shown.base_url = row[2].as<std::string>();
  shown.account_id = row[3].as<std::string>();
  shown.fingerprint = row[4].as<std::string>();
  shown.state = row[5].as<std::string>();
  shown.paused_reason = row[6].as<std::string>();
  shown.resources = row[7].as<int64_t>();
  shown.unconverged = row[8].as<int64_t>();
  return shown;
} catch (const std::exception& thrown) {
  return db::to_error(thrown);
}

}  // namespace vapisync::workspace
