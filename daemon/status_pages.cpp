#include "status_pages.hpp"

#include "base/json.hpp"

namespace vapisync {
namespace {

using Texts = std::vector<std::string>;

constexpr int unavailable = 503;

json::Value to_array(const Texts& texts, json::Document& document) {
  json::Value array(rapidjson::kArrayType);
  auto& allocator = document.GetAllocator();
  for (const auto& text : texts) array.PushBack(json::make_text(text, allocator), allocator);
  return array;
}

http::ServerResponse page(bool well, const char* word, const Texts& reasons,
                          const Texts* degraded = nullptr) {
  json::Document body(rapidjson::kObjectType);
  auto& allocator = body.GetAllocator();
  json::set(body, word, json::Value(well), allocator);
  json::set(body, "reasons", to_array(reasons, body), allocator);
  if (degraded != nullptr) json::set(body, "degraded", to_array(*degraded, body), allocator);
  http::ServerResponse response;
  response.status = well ? 200 : unavailable;
  response.body = json::to_text(body) + "\n";
  return response;
}

}  // namespace

http::ServerResponse StatusPages::answer(const http::ServerRequest& request) const {
  http::ServerResponse response;
  if (request.method != "GET") {
    response.status = 405;
    response.headers.add("Allow", "GET");
  } else if (request.path == "/metrics") {
    response.content_type = Metrics::content_type;
    response.body = metrics();
  } else if (request.path == "/livez") {
    const auto found = health();
    response = page(found.live(), "live", found.hung);
  } else if (request.path == "/readyz") {
    const auto found = health();
    response = page(found.ready(), "ready", found.reasons, &found.degraded);
  } else {
    response.status = 404;
    response.body = R"({"message":"there are /metrics, /livez and /readyz"})";
  }
  return response;
}

}  // namespace vapisync
