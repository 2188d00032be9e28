#include "base/secret.hpp"

#include <algorithm>
#include <openssl/crypto.h>

namespace vapisync {
namespace {

constexpr size_t character_bytes_max = 4;

/// The beginning of the text without the secret: one character more than asked for, if there is.
std::string without(std::string_view text, std::string_view secret, size_t max_bytes) {
  std::string out;
  while (!text.empty() && out.size() <= max_bytes) {
    const size_t room = max_bytes + character_bytes_max - out.size();
    const std::string_view window = text.substr(0, room + secret.size());
    const size_t at = secret.empty() ? std::string_view::npos : window.find(secret);
    const size_t plain = std::min({at, room, text.size()});
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (at != plain) continue;
    out += redacted;
    text.remove_prefix(secret.size());
  }
  return out;
}

/// Bytes of the UTF-8 character that the text begins with, 0 when it begins with none.
size_t utf8_length(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80U) return 1;
  const size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
  if (lead < 0xC2U || lead > 0xF4U || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  const bool too_long = (lead == 0xE0U && byte(1) < 0xA0U) || (lead == 0xF0U && byte(1) < 0x90U);
  const bool surrogate = lead == 0xEDU && byte(1) > 0x9FU;
  const bool too_large = lead == 0xF4U && byte(1) > 0x8FU;
  return too_long || surrogate || too_large ? 0 : length;
}

/// Postgres refuses other bytes than UTF-8, and NUL; a terminal obeys control characters.
void make_printable(std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(std::string_view(text).substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0) text[i] = '?';
    if (byte < 0x20U || byte == 0x7FU) text[i] = ' ';
    i += std::max<size_t>(length, 1);
  }
}

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '_' || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}

void redact_bearer(std::string& text) {
  constexpr std::string_view word = "Bearer ";
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
    const size_t begin = at + word.size();
    size_t end = begin;
    while (end < text.size() && is_token_char(text[end])) ++end;
    if (end - begin >= 8) text.replace(begin, end - begin, redacted);
    at = begin;
  }
}

}  // namespace

Secret::~Secret() {
  OPENSSL_cleanse(value_.data(), value_.size());
}

std::string redact(std::string_view text, const Secret& secret, size_t max_bytes) {
  // A secret that straddles the cut would survive as a prefix: replace first, then cut.
  std::string out = without(text, secret.reveal(), max_bytes);
  redact_bearer(out);
  make_printable(out);
  if (out.size() > max_bytes) {
    size_t cut = max_bytes;
    while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0U) == 0x80U) --cut;
    out.resize(cut);
  }
  return out;
}

}  // namespace vapisync
