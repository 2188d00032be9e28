#pragma once
// Requests and answers as the model sees them: plain values, no sockets. Also the bodies of Vapi's
// error answers, and of the proxies in front of it.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vapisync::sandbox {

struct Request {
  std::string method;  ///< GET, POST, PATCH, DELETE
  std::string path;    ///< without the query
  std::string query;   ///< without the question mark
  std::string authorization;
  std::string user_agent;
  std::string content_type;
  std::string body;
};

struct Reply {
  int status{200};
  std::string body;
  std::string content_type{"application/json; charset=utf-8"};
  std::vector<std::pair<std::string, std::string>> headers{};
};

Reply json_reply(int status, std::string body);
/// {"message": ..., "error": ..., "statusCode": ...}
Reply failure(int status, std::string_view message);
/// The same with a list of messages, as validation answers.
Reply failure(int status, const std::vector<std::string>& messages);
/// What a proxy in front of the service says: HTML.
Reply proxy_page(int status);

std::string_view reason_phrase(int status);
std::string quoted(std::string_view raw);  ///< as a JSON string

}  // namespace vapisync::sandbox
