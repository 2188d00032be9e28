#include "sandbox/model.hpp"

#include <fmt/format.h>
#include <optional>

#include "sandbox/list_query.hpp"
#include "sandbox/merge.hpp"
#include "sandbox/validate.hpp"

namespace vapisync::sandbox {
namespace {

constexpr size_t objects_max = 100'000;
constexpr std::string_view bearer = "Bearer ";

struct Route {
  const Kind* kind{nullptr};
  std::string_view id;  ///< empty for the collection itself
};

std::optional<Route> route(std::string_view path, std::span<const Kind> kinds) {
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  const size_t slash = std::min(path.find('/'), path.size());
  Route found{.kind = find_kind(path.substr(0, slash), kinds), .id = {}};
  if (found.kind == nullptr) return std::nullopt;
  if (slash < path.size()) found.id = path.substr(slash + 1);
  if (found.id.find('/') != std::string_view::npos) return std::nullopt;
  return found;
}

bool is_allowed(std::string_view method, const Route& route) {
  if (route.id.empty()) return method == "GET" || method == "POST";
  if (method == "PATCH") return route.kind->is_mutable;
  return method == "GET" || method == "DELETE";
}

std::string_view key_of(const Request& request) {
  const std::string_view header = request.authorization;
  return header.starts_with(bearer) ? header.substr(bearer.size()) : std::string_view{};
}

bool is_refused(std::string_view key) {
  return key.empty() || key.starts_with("invalid");
}

/// Why a request never reaches a route, or nothing.
std::optional<Reply> refuse(const Request& request) {
  if (request.authorization.empty()) return failure(401, "Missing Authorization Header.");
  if (!is_refused(key_of(request))) return std::nullopt;
  return failure(401,
                 "Invalid Key. Hot tip, you may be using the private key instead of the public "
                 "key, or vice versa.");
}

Reply not_found(const Kind& kind, std::string_view id) {
  return failure(404, fmt::format("{} with id {} not found.", kind.title, id));
}

/// The body of a write, or the answer that refuses it.
struct Body {
  json::Document document;
  std::optional<Reply> refusal{};
};

/// What a change must not say about the object that it changes.
std::vector<std::string> complaints_about(const json::Value& body, const Kind& kind,
                                          const Object* changed) {
  if (changed == nullptr) return validate(*kind.shape, body);
  if (kind.shape->tag.empty()) return validate_change(*kind.shape, body, {});
  const auto config = json::parse(changed->config);
  return validate_change(*kind.shape, body, json::text_or(*config, kind.shape->tag, {}));
}

/// `changed` is null for a create.
Body parse_body(const Request& request, const Kind& kind, const Object* changed) {
  Body body;
  body.document.SetObject();
  if (request.body.empty()) return body;
  if (!request.content_type.starts_with("application/json")) {
    body.refusal = failure(415, "Content-Type must be application/json");
    return body;
  }
  auto parsed = json::parse(request.body);
  if (!parsed) {
    body.refusal = failure(400, parsed.error().message);
  } else if (!parsed->IsObject()) {
    body.refusal = failure(400, "the body must be a JSON object");
  } else if (const auto complaints = complaints_about(*parsed, kind, changed);
             !complaints.empty()) {
    body.refusal = failure(400, complaints);
  } else {
    body.document = std::move(*parsed);
    if (kind.settle != nullptr) kind.settle(body.document);
  }
  return body;
}

}  // namespace

struct Model::Call {
  const Request& request;
  const Quirks& quirks;
  const Kind& kind;
  Account& account;
  std::string id;
  Instant now;
  Execution& result;

  [[nodiscard]] Collection& collection() const { return account.collections[kind.path]; }
};

std::string Model::org_of(const Request& request) {
  const std::string_view key = key_of(request);
  if (is_refused(key)) return {};
  const Account* account = store_.account_of(key);
  return account == nullptr ? std::string() : account->org_id;
}

Execution Model::execute(const Request& request, const Quirks& quirks, Instant now) {
  Execution result;
  if (request.user_agent.empty()) {
    result.reply = proxy_page(403);  // the proxy in front of the service wants to know who calls
    return result;
  }
  const auto found = route(request.path, kinds_);
  if (!found || !is_allowed(request.method, *found)) {
    result.reply = failure(404, fmt::format("Cannot {} {}", request.method, request.path));
    return result;
  }
  if (auto refusal = refuse(request)) {
    result.reply = std::move(*refusal);
    return result;
  }
  Account* account = store_.account_of(key_of(request));
  if (account == nullptr) {
    result.reply = failure(503, "this stand-in holds no more accounts");
    return result;
  }
  result.org_id = account->org_id;
  result.kind = found->kind->path;
  result.object_id = std::string(found->id);
  Call call{request, quirks, *found->kind, *account, result.object_id, now, result};
  if (request.method == "POST") create(call);
  if (request.method == "GET") found->id.empty() ? list(call) : read(call);
  if (request.method == "PATCH") patch(call);
  if (request.method == "DELETE") remove(call);
  return result;
}

void Model::create(Call& call) {
  const Body body = parse_body(call.request, call.kind, nullptr);
  if (body.refusal) {
    call.result.reply = *body.refusal;
    return;
  }
  if (call.collection().size() >= objects_max) {
    call.result.reply = failure(400, fmt::format("{} limit reached", call.kind.title));
    return;
  }
  const Merged merged = merge("{}", body.document, call.quirks);
  Object object;
  object.id = random_.uuid();
  object.config = merged.config;
  object.created = object.updated = call.now;
  object.listed_from = call.now + call.quirks.list_lag;
  object.readable_from = call.now + call.quirks.read_lag;
  const Object& kept = call.collection().add(std::move(object));
  call.result.object_id = kept.id;
  call.result.change = {ChangeOp::created, merged.fields, kept.version};
  call.result.reply = json_reply(201, render(call.account, kept));
}

void Model::list(Call& call) const {
  const ListQuery query = ListQuery::parse(call.request.query);
  if (!query.complaints().empty()) {
    call.result.reply = failure(400, query.complaints());
    return;
  }
  std::string body = "[";
  size_t count = 0;
  const auto& objects = call.collection().objects();
  for (auto it = objects.rbegin(); it != objects.rend() && count < query.limit(); ++it) {
    const Object& object = it->second;
    if (object.listed_from > call.now || !query.admits(object.created, object.updated)) continue;
    if (count++ > 0) body += ',';
    body += render(call.account, object);
  }
  body += ']';
  call.result.reply = json_reply(200, std::move(body));
}

void Model::read(Call& call) const {
  const Object* object = call.collection().find(call.id);
  call.result.reply = object == nullptr || object->readable_from > call.now
                          ? not_found(call.kind, call.id)
                          : json_reply(200, render(call.account, *object));
}

void Model::patch(Call& call) {
  Object* object = call.collection().find(call.id);
  if (object == nullptr) {
    call.result.reply = not_found(call.kind, call.id);
    return;
  }
  const Body body = parse_body(call.request, call.kind, object);
  if (body.refusal) {
    call.result.reply = *body.refusal;
    return;
  }
  Merged merged = merge(object->config, body.document, call.quirks);
  if (!merged.refused.empty()) {
    call.result.reply = failure(400, merged.refused);
    return;
  }
  if (!merged.fields.empty()) {
    object->config = std::move(merged.config);
    object->updated = call.now;
    ++object->version;
    call.result.change = {ChangeOp::updated, std::move(merged.fields), object->version};
  }
  call.result.reply = json_reply(200, render(call.account, *object));
}

void Model::remove(Call& call) {
  const Object* object = call.collection().find(call.id);
  if (object == nullptr) {
    call.result.reply = not_found(call.kind, call.id);
    return;
  }
  call.result.reply = json_reply(200, render(call.account, *object));
  call.result.change = {ChangeOp::deleted, {}, object->version};
  call.collection().remove(call.id);
}

Execution Model::tamper(std::string_view method, const Kind& kind, std::string_view id,
                        std::string_view body, Instant now) {
  Execution result;
  result.kind = kind.path;
  result.object_id = std::string(id);
  Account* owner = store_.owner_of(kind, id);
  if (owner == nullptr) {
    result.reply = not_found(kind, id);
    return result;
  }
  result.org_id = owner->org_id;
  const auto parsed = json::parse(body.empty() ? "{}" : body);
  if (!parsed || !parsed->IsObject()) {
    result.reply = failure(400, "the body must be a JSON object");
    return result;
  }
  Object& object = *owner->collections[kind.path].find(id);
  if (method == "DELETE") {
    result.reply = json_reply(200, render(*owner, object));
    result.change = {ChangeOp::deleted, {}, object.version};
    owner->collections[kind.path].remove(id);
    return result;
  }
  Merged merged = merge(object.config, *parsed, {});
  if (!merged.fields.empty()) {
    object.config = std::move(merged.config);
    object.updated = now;
    result.change = {ChangeOp::updated, std::move(merged.fields), ++object.version};
  }
  result.reply = json_reply(200, render(*owner, object));
  return result;
}

}  // namespace vapisync::sandbox
