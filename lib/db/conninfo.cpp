#include "db/conninfo.hpp"

#include <libpq-fe.h>
#include <map>
#include <memory>
#include <string_view>

namespace vapisync::db {
namespace {

/// libpq's names. A server that answers is waited for; one that does not even acknowledge is gone.
const std::map<std::string, std::string, std::less<>>
    defaults{{"connect_timeout", "5"},        {"keepalives_idle", "10"},
             {"keepalives_interval", "5"},    {"keepalives_count", "3"},
             {"tcp_user_timeout", "20000"},  // milliseconds; the others seconds
             {"application_name", "vapisync"}};

std::string quote(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

}  // namespace

Secret with_timeouts(const Secret& url) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> given(
      PQconninfoParse(url.reveal().c_str(), nullptr), &PQconninfoFree);
  if (given == nullptr) return url;  // connecting will say what is wrong with it
  std::string out;
  for (const auto* option = given.get(); option->keyword != nullptr; ++option) {
    const auto missing = defaults.find(std::string_view(option->keyword));
    const bool by_environment = option->envvar != nullptr && std::getenv(option->envvar) != nullptr;
    if (option->val != nullptr) {
      out += std::string(option->keyword) + "=" + quote(option->val) + " ";
    } else if (missing != defaults.end() && !by_environment) {
      out += missing->first + "=" + quote(missing->second) + " ";
    }
  }
  return Secret(std::move(out));
}

}  // namespace vapisync::db
