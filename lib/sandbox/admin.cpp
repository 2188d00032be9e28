#include "sandbox/admin.hpp"

#include <charconv>
#include <fmt/format.h>

#include "sandbox/query.hpp"

namespace vapisync::sandbox {
namespace {

Reply unknown_route(const Request& request) {
  return failure(404, fmt::format("Cannot {} {}", request.method, request.path));
}

Reply answer_journal(const Service& service, const Request& request) {
  uint64_t since = 0;
  for (const auto& [name, value] : parse_query(request.query)) {
    const auto result = std::from_chars(value.data(), value.data() + value.size(), since);
    if (name != "since" || result.ec != std::errc{} || result.ptr != value.data() + value.size()) {
      return failure(400, "the journal takes only since=N, the last entry already seen");
    }
  }
  return json_reply(200, service.journal().to_json(since));
}

Reply answer_state(const Service& service, const Request& request) {
  if (request.query.empty()) return json_reply(200, state_json(service.store()));
  if (request.query != "summary") return failure(400, "the state takes only ?summary");
  return json_reply(200, summary_json(service.store(), service.journal()));
}

Reply answer_faults(Service& service, const Request& request, Instant now) {
  if (request.method != "GET") {
    const bool clear = request.method == "DELETE";
    const auto done = service.set_faults(clear ? std::string_view("[]") : request.body, now);
    if (!done) return failure(400, done.error().message);
  }
  return json_reply(200, service.faults().to_json());
}

Reply answer_object(Service& service, const Request& request, std::string_view rest, Instant now) {
  const size_t slash = rest.find('/');
  const Kind* kind = slash == std::string_view::npos ? nullptr : find_kind(rest.substr(0, slash));
  if (kind == nullptr) return unknown_route(request);
  return service.tamper(request, *kind, rest.substr(slash + 1), now);
}

void append_objects(const Account& account, const Collection& collection, std::string& text) {
  text += '[';
  bool first = true;
  for (const auto& [order, object] : collection.objects()) {
    if (!first) text += ',';
    first = false;
    text += render(account, object);
  }
  text += ']';
}

std::string account_head(const Account& account) {
  return fmt::format(R"({{"orgId":"{}","keyFingerprint":"{}")", account.org_id,
                     account.fingerprint);
}

}  // namespace

Reply answer_admin(Service& service, const Request& request, Instant now) {
  service.advance(now);
  const std::string_view route = std::string_view(request.path).substr(admin_prefix.size());
  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  const bool del = request.method == "DELETE";
  if (route == "health" && get) return json_reply(200, R"({"status":"ok"})");
  if (route == "journal" && get) return answer_journal(service, request);
  if (route == "state" && get) return answer_state(service, request);
  if (route == "faults" && (get || post || del)) return answer_faults(service, request, now);
  constexpr std::string_view objects = "objects/";
  if (route.starts_with(objects) && (post || del)) {
    return answer_object(service, request, route.substr(objects.size()), now);
  }
  return unknown_route(request);
}

std::string state_json(const Store& store) {
  std::string text = R"({"accounts":[)";
  for (const auto& account : store.accounts()) {
    if (text.back() == '}') text += ',';
    text += account_head(*account);
    for (const auto& kind : kinds()) {
      text += fmt::format(R"(,"{}":)", kind.plural);
      append_objects(*account, account->collections.at(kind.path), text);
    }
    text += '}';
  }
  return text + "]}";
}

std::string summary_json(const Store& store, const Journal& journal) {
  std::string accounts;
  std::map<std::string_view, size_t> totals;
  for (const auto& account : store.accounts()) {
    if (!accounts.empty()) accounts += ',';
    accounts += account_head(*account);
    for (const auto& kind : kinds()) {
      const size_t count = account->collections.at(kind.path).size();
      totals[kind.plural] += count;
      accounts += fmt::format(R"(,"{}":{})", kind.plural, count);
    }
    accounts += '}';
  }
  std::string sums;
  for (const auto& kind : kinds()) {
    sums += fmt::format(R"("{}":{},)", kind.plural, totals[kind.plural]);
  }
  return fmt::format(R"({{{}"requests":{},"accounts":[{}]}})", sums, journal.total(), accounts);
}

}  // namespace vapisync::sandbox
