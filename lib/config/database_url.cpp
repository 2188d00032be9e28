#include "config/database_url.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <memory>
#include <string_view>

namespace vapisync::config {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

Options parse(const std::string& text) {
  // libpq's own message may quote a part of the password: it is dropped.
  char* message = nullptr;
  Options options(PQconninfoParse(text.c_str(), &message), &PQconninfoFree);
  PQfreemem(message);
  return options;
}

bool is_secret_name(std::string_view name) {
  return name.find("password") != std::string_view::npos ||
         name.find('%') != std::string_view::npos;  // an encoded name: could be anything
}

// From the first colon to the last @: a raw / or @ in a password must not leave a rest of it.
std::string redact_user(std::string_view rest) {
  const size_t at = rest.rfind('@');
  const size_t colon = rest.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) {
    return std::string(rest);
  }
  return fmt::format("{}:{}{}", rest.substr(0, colon), redacted, rest.substr(at));
}

std::string redact_query(std::string_view text) {
  const size_t question = text.find('?');
  if (question == std::string_view::npos) return std::string(text);
  std::string out(text.substr(0, question + 1));
  for (text.remove_prefix(question + 1); !text.empty();) {
    const std::string_view pair = text.substr(0, text.find('&'));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && is_secret_name(pair.substr(0, equals))) {
      out += fmt::format("{}={}", pair.substr(0, equals), redacted);
    } else {
      out += pair;
    }
    text.remove_prefix(pair.size());
    if (!text.empty()) {
      out += '&';
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string quote(std::string_view value) {
  if (!value.empty() && value.find_first_of(" \t\n'\\") == std::string_view::npos) {
    return std::string(value);
  }
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string print_keywords(const PQconninfoOption* option) {
  std::string out;
  for (; option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const bool secret = option->dispchar[0] == '*';
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", option->keyword,
                       secret ? std::string(redacted) : quote(option->val));
  }
  return out;
}

}  // namespace

bool is_database_url(const Secret& url) {
  const std::string& text = url.reveal();
  return !text.empty() && text.find('\0') == std::string::npos && parse(text) != nullptr;
}

std::string redact_url(const Secret& url) {
  const std::string& text = url.reveal();
  const Options options = parse(text);
  if (options == nullptr) return std::string(redacted);
  for (const std::string_view scheme : {"postgres://", "postgresql://"}) {
    if (!text.starts_with(scheme)) continue;
    return std::string(scheme) +
           redact_query(redact_user(std::string_view(text).substr(scheme.size())));
  }
  return print_keywords(options.get());
}

}  // namespace vapisync::config
