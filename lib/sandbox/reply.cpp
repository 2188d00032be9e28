#include "sandbox/reply.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "sandbox/utf8.hpp"

namespace vapisync::sandbox {
namespace {

Reply envelope(int status, std::string_view message_json) {
  return json_reply(status, fmt::format(R"({{"message":{},"error":{},"statusCode":{}}})",
                                        message_json, quoted(reason_phrase(status)), status));
}

}  // namespace

Reply json_reply(int status, std::string body) {
  Reply reply;
  reply.status = status;
  reply.body = std::move(body);
  return reply;
}

Reply failure(int status, std::string_view message) {
  return envelope(status, quoted(message));
}

Reply failure(int status, const std::vector<std::string>& messages) {
  std::vector<std::string> items;
  items.reserve(messages.size());
  for (const auto& message : messages) items.push_back(quoted(message));
  return envelope(status, fmt::format("[{}]", fmt::join(items, ",")));
}

Reply proxy_page(int status) {
  Reply reply;
  reply.status = status;
  reply.content_type = "text/html; charset=UTF-8";
  reply.body = fmt::format(
      "<!DOCTYPE html>\n<html>\n<head><title>{0} {1}</title></head>\n<body>\n"
      "<center><h1>{0} {1}</h1></center>\n<hr><center>cloudflare</center>\n</body>\n</html>\n",
      status, reason_phrase(status));
  return reply;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Payload Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Entity";
    case 425: return "Too Early";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 521: return "Web server is down";
    case 522: return "Connection timed out";
    default: return status < 500 ? "Error" : "Server Error";
  }
}

std::string quoted(std::string_view raw) {
  const std::string text = valid_utf8(raw);
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace vapisync::sandbox
