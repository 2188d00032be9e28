#include "vapi/client.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <functional>
#include <set>

#include "http/address.hpp"
#include "vapi/classify.hpp"

namespace vapisync::vapi {
namespace {

constexpr int page_size = 100;
constexpr int page_size_max = 1000;
constexpr int pages_max = 10'000;

std::string object_target(const core::Kind& kind, const std::string& id) {
  return fmt::format("{}/{}", kind.collection, http::percent_encode(id));
}

/// Vapi may store finer times than the milliseconds that it shows: without this, objects of the
/// page's last millisecond could be passed over. Seeing some twice does no harm.
std::string next_millisecond(std::string_view iso) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  const std::string text(iso);
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%d.%3dZ", &year, &month, &day, &hour, &minute,
                  &second, &ms) != 7) {
    return text;
  }
  using namespace std::chrono;
  const sys_days date = std::chrono::year{year} / month / day;
  const auto next = date + hours{hour} + minutes{minute} + seconds{second} + milliseconds{ms + 1};
  const auto whole = floor<seconds>(next);
  return fmt::format("{:%FT%T}.{:03}Z", whole, (next - whole).count());
}

Object to_object(json::Document document) {
  Object object;
  object.id = std::string(json::text_or(document, "id", ""));
  object.account_id = std::string(json::text_or(document, "orgId", ""));
  object.document = std::move(document);
  return object;
}

}  // namespace

Client::Client(http::Transport& transport, Clock& clock, Random& random, ClientOptions options,
               ClientEvents events)
    : transport_(transport),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      events_(std::move(events)),
      gate_(options_.limits) {}

Client::Answer<Object> Client::create(const core::Kind& kind, const json::Value& document) {
  return call(kind, http::Method::post, Target::collection, std::string(kind.collection),
              json::to_text(document));
}

Client::Answer<Object> Client::update(const core::Kind& kind, std::string id,
                                      const json::Value& document) {
  return call(kind, http::Method::patch, Target::object, object_target(kind, id),
              json::to_text(document));
}

Client::Answer<Object> Client::get(const core::Kind& kind, std::string id) {
  return call(kind, http::Method::get, Target::object, object_target(kind, id), {});
}

Client::Answer<Object> Client::remove(const core::Kind& kind, std::string id) {
  return call(kind, http::Method::del, Target::object, object_target(kind, id), {});
}

Client::Answer<http::Response> Client::send(const core::Kind& kind, http::Method method,
                                            Target names, std::string target, std::string body) {
  http::Request request;
  request.method = method;
  request.target = std::move(target);
  request.body = std::move(body);
  request.bearer = options_.key;
  request.timeout = options_.request_timeout;
  const std::hash<std::string> hash;
  const size_t subject = hash(request.target) + 31 * hash(request.body);
  const TimePoint began = clock_.now();
  auto exchange = co_await transport_.send(std::move(request));
  if (options_.metrics != nullptr) {
    const int status = exchange ? exchange->status : 0;
    options_.metrics->count(kind, method, status, clock_.now() - began);
  }
  if (!exchange) {
    const Error error = classify_failure(exchange.error(), effect_of(method));
    note_answer(&error, subject);
    co_return error;
  }
  if (exchange->status < 200 || exchange->status >= 300) {
    Error error = classify_status(*exchange, method, options_.key);
    if (error.verdict == Verdict::missing && names == Target::collection) {
      error.verdict = Verdict::retry;
      error.code = "no_such_route";
      error.message += "; is vapi.base_url right?";
    }
    note_answer(&error, subject);
    co_return error;
  }
  note_answer(nullptr, subject);
  co_return std::move(*exchange);
}

Client::Answer<Object> Client::call(const core::Kind& kind, http::Method method, Target names,
                                    std::string target, std::string body) {
  auto response = co_await send(kind, method, names, std::move(target), std::move(body));
  if (!response) co_return response.error();
  auto parsed = json::parse(response->body);
  if (!parsed || !parsed->IsObject()) {
    co_return unreadable_answer(*response, effect_of(method), "its body is not a JSON object");
  }
  Object object = to_object(std::move(*parsed));
  object.status = response->status;
  if (object.id.empty() && method != http::Method::del) {
    co_return unreadable_answer(*response, effect_of(method), "the object has no id");
  }
  co_return object;
}

Client::Answer<json::Document> Client::list_page(const core::Kind& kind, std::string created_after,
                                                 std::string created_before, int limit) {
  std::string target = fmt::format("{}?limit={}", kind.collection, limit);
  if (!created_after.empty()) {
    target += "&createdAtGe=" + http::percent_encode(created_after);
  }
  if (!created_before.empty()) {
    target += "&createdAtLe=" + http::percent_encode(created_before);
  }
  auto response = co_await send(kind, http::Method::get, Target::collection, std::move(target), {});
  if (!response) co_return response.error();
  auto parsed = json::parse(response->body);
  if (!parsed || !parsed->IsArray()) {
    co_return unreadable_answer(*response, Effect::read, "its body is not a JSON array");
  }
  co_return std::move(*parsed);
}

Client::Answer<std::vector<Object>> Client::find(const core::Kind& kind, std::string resource,
                                                 std::string created_after, KeepOn keep_on) {
  auto is_marked = [&kind, resource = std::move(resource)](const json::Value& object) {
    return core::find_marker(object, resource, kind).has_value();
  };
  co_return co_await search(kind, std::move(is_marked), std::move(created_after),
                            std::move(keep_on));
}

Client::Answer<std::vector<Object>> Client::search(const core::Kind& kind, Wanted wanted,
                                                   std::string created_after, KeepOn keep_on) {
  std::vector<Object> found;
  std::set<std::string> seen;
  std::string before;
  int limit = page_size;
  for (int page = 0; page < pages_max; ++page) {
    if (page > 0) {
      co_await sleep_for(clock_, gate_.page_pause());
      if (!co_await keep_on()) {
        co_return make_error(Verdict::retry, "search_ended", "the search was given up half-way");
      }
      gate_.spend(clock_.now());
    }
    auto items = co_await list_page(kind, created_after, before, limit);
    if (!items) co_return items.error();
    bool news = false;
    for (const auto& item : items->GetArray()) {
      json::Document copy;
      copy.CopyFrom(item, copy.GetAllocator());
      Object object = to_object(std::move(copy));
      if (object.id.empty()) {
        co_return make_error(Verdict::retry, "unreadable_answer",
                             "Vapi's list holds an object without an id");
      }
      if (!seen.insert(object.id).second) continue;
      news = true;
      if (wanted(item)) found.push_back(std::move(object));
      before = next_millisecond(json::text_or(item, "createdAt", ""));
    }
    if (static_cast<int>(items->Size()) < limit) {
      // Newest first is how Vapi lists; the oldest is the original.
      std::reverse(found.begin(), found.end());
      co_return found;
    }
    // A full page of one millisecond: only a longer page can get past it.
    if (!news && limit == page_size_max) break;
    if (!news) limit = page_size_max;
  }
  co_return make_error(
      Verdict::retry, "list_endless",
      "Vapi's list can't be paged to its end: too many objects of one millisecond");
}

bool Client::breaker_closed() const {
  return gate_.breaker(clock_.now()) == core::Gate::Breaker::closed;
}

void Client::pause(const Error& why, Milliseconds duration) {
  gate_.pause_until(clock_.now() + duration);
  if (events_.paused) events_.paused(why, duration);
}

void Client::note_failure(const Error& error, size_t subject) {
  const double chance = random_.unit();
  // What was in flight when a pause began fails like the first: one refusal, not many.
  const bool paused = gate_.paused(clock_.now());
  if (error.verdict == Verdict::auth) {
    if (paused) return;
    const auto duration = options_.auth_pause_first * (1 << std::min(refusals_++, 10));
    return pause(error, std::min<Milliseconds>(duration, options_.auth_pause_max));
  }
  if (error.status == 429) {
    const Milliseconds asked{error.retry_after_ms};
    if (paused) return gate_.pause_until(clock_.now() + asked);
    return pause(error, options_.limits.backoff.delay(throttles_++, 0.5 + chance / 2, asked));
  }
  // Too large, or too early: about this document, not about Vapi.
  if (error.status == 413 || error.status == 425) return;
  if (gate_.failed(clock_.now(), chance, subject) && events_.outage) events_.outage(error);
}

/// Any sensible answer, a refusal of the content too, shows that Vapi and the key work.
void Client::note_answer(const Error* error, size_t subject) {
  const bool trouble = error != nullptr && error->verdict != Verdict::reject &&
                       error->verdict != Verdict::missing && error->verdict != Verdict::conflict;
  if (trouble) return note_failure(*error, subject);
  const TimePoint now = clock_.now();
  if (gate_.succeeded(now) && events_.recovered) events_.recovered();
  if (gate_.paused(now)) return;
  refusals_ = 0;
  throttles_ = 0;
}

}  // namespace vapisync::vapi
