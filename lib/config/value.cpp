#include "config/value.hpp"

#include <charconv>
#include <fmt/format.h>
#include <type_traits>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "config/database_url.hpp"

namespace vapisync::config {
namespace {

template <class T>
struct Word {
  std::string_view text;
  T value;
};

constexpr Word<log::Level> levels[] = {{"debug", log::Level::debug},
                                       {"info", log::Level::info},
                                       {"warning", log::Level::warning},
                                       {"error", log::Level::error}};
constexpr Word<log::Format> formats[] = {
    {"auto", log::Format::automatic}, {"json", log::Format::json}, {"human", log::Format::human}};
constexpr Word<PlatformOrgs> orgs[] = {{"granted", PlatformOrgs::granted},
                                       {"all", PlatformOrgs::all}};

constexpr std::span<const Word<log::Level>> words(const log::Level*) {
  return levels;
}
constexpr std::span<const Word<log::Format>> words(const log::Format*) {
  return formats;
}
constexpr std::span<const Word<PlatformOrgs>> words(const PlatformOrgs*) {
  return orgs;
}

template <class T>
std::string list(std::span<const Word<T>> items) {
  std::string out = "one of ";
  for (const auto& item : items)
    out += fmt::format("{}{}", &item == &items[0] ? "" : ", ", item.text);
  return out;
}

template <class T>
std::optional<T> number(const std::string& text) {
  T value{};
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last) return std::nullopt;
  return value;
}

// The target knows its own default, so any Config will do to ask for its type.
Target target_of(const Key& key) {
  static Config any;
  return key.target(any);
}

std::string echo(const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return fmt::format(", not {}", *integer);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format(", not {}", *real);
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (text->empty()) return ", not empty";
    // A URL with a user may hold a password.
    return text->find('@') == std::string::npos ? fmt::format(", not '{}'", *text) : "";
  }
  return "";
}

bool in_range(const Key& key, double value) {
  return value >= key.min && value <= key.max;
}

bool is_http_url(const std::string& text) {
  const auto url = boost::urls::parse_uri(text);
  return url && (url->scheme() == "http" || url->scheme() == "https") &&
         !url->host_address().empty() && !url->has_userinfo() && !url->has_query() &&
         !url->has_fragment();
}

/// A name is resolved when it is listened on.
bool is_address(const std::string& text) {
  if (text == "off") return true;
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  const auto port = number<int>(text.substr(colon + 1));
  return port && *port >= 0 && *port <= 65'535;
}

bool set(int* member, const Key& key, const Value& value) {
  const auto* integer = std::get_if<int64_t>(&value);
  if (integer == nullptr || !in_range(key, static_cast<double>(*integer))) return false;
  *member = static_cast<int>(*integer);
  return true;
}

bool set(double* member, const Key& key, const Value& value) {
  const auto* integer = std::get_if<int64_t>(&value);
  const auto* real = std::get_if<double>(&value);
  if (integer == nullptr && real == nullptr) return false;
  const double number = integer != nullptr ? static_cast<double>(*integer) : *real;
  if (!in_range(key, number)) return false;
  *member = number;
  return true;
}

template <class Unit>
bool set(std::chrono::duration<int64_t, Unit>* member, const Key& key, const Value& value) {
  int count = 0;
  if (!set(&count, key, value)) return false;
  *member = std::chrono::duration<int64_t, Unit>(count);
  return true;
}

bool set(Secret* member, const Key&, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return false;
  Secret secret(*text);
  if (!is_database_url(secret)) return false;
  *member = std::move(secret);
  return true;
}

bool set(std::string* member, const Key& key, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || text->empty() || text->find('\0') != std::string::npos) return false;
  std::string out = *text;
  if (key.text == Text::http_url) {
    if (!is_http_url(out)) return false;
    while (out.back() == '/') out.pop_back();
  }
  if (key.text == Text::address && !is_address(out)) return false;
  *member = std::move(out);
  return true;
}

template <class Enum>
  requires std::is_enum_v<Enum>
bool set(Enum* member, const Key&, const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return false;
  for (const auto& word : words(member)) {
    if (word.text != *text) continue;
    *member = word.value;
    return true;
  }
  return false;
}

std::string print(const Secret& value) {
  return value.empty() ? "" : redact_url(value);
}
std::string print(const std::string& value) {
  return value;
}
std::string print(int value) {
  return fmt::format("{}", value);
}
std::string print(double value) {
  return fmt::format("{}", value);
}

template <class Unit>
std::string print(std::chrono::duration<int64_t, Unit> value) {
  return fmt::format("{}", value.count());
}

template <class Enum>
  requires std::is_enum_v<Enum>
std::string print(Enum value) {
  for (const auto& word : words(&value)) {
    if (word.value == value) return std::string(word.text);
  }
  return "";
}

std::string range(const Key& key, std::string_view noun, std::string_view unit = "") {
  return fmt::format("{} from {} to {}{}", noun, static_cast<int64_t>(key.min),
                     static_cast<int64_t>(key.max), unit);
}

std::string describe(const Secret*, const Key&) {
  return "a Postgres connection string (postgres://user@host:5432/database with special "
         "characters percent-encoded, or host=... dbname=...)";
}
std::string describe(const std::string*, const Key& key) {
  if (key.text == Text::address) return "HOST:PORT, where port 0 is any free one, or off";
  return key.text == Text::http_url ? "an http:// or https:// URL without user, query and fragment"
                                    : "a path";
}
std::string describe(const int*, const Key& key) {
  return range(key, "an integer");
}
std::string describe(const double*, const Key& key) {
  return range(key, "a number");
}
std::string describe(const std::chrono::milliseconds*, const Key& key) {
  return range(key, "an integer", " milliseconds");
}
std::string describe(const std::chrono::seconds*, const Key& key) {
  return range(key, "an integer", " seconds");
}
template <class Enum>
  requires std::is_enum_v<Enum>
std::string describe(const Enum* member, const Key&) {
  return list(words(member));
}

bool same(const Secret& a, const Secret& b) {
  return a.reveal() == b.reveal();
}
template <class T>
bool same(const T& a, const T& b) {
  return a == b;
}

/// Targets are for writing as well; who asks for one by this only reads.
Target read_target(const Key& key, const Config& config) {
  return key.target(const_cast<Config&>(config));
}

}  // namespace

bool is_text(const Key& key) {
  return std::visit(
      [](auto* member) {
        using T = std::remove_pointer_t<decltype(member)>;
        return std::is_enum_v<T> || std::is_same_v<T, std::string> || std::is_same_v<T, Secret>;
      },
      target_of(key));
}

Value parse_text(const Key& key, const std::string& text) {
  if (!is_text(key)) {
    if (const auto integer = number<int64_t>(text)) return *integer;
    if (const auto real = number<double>(text)) return *real;
  }
  return text;
}

std::optional<std::string> assign(Config& config, const Key& key, const Value& value) {
  const Target target = key.target(config);
  if (std::visit([&](auto* member) { return set(member, key, value); }, target)) {
    return std::nullopt;
  }
  const bool secret = std::holds_alternative<Secret*>(target);
  return "must be " + allowed(key) + (secret ? "" : echo(value));
}

std::string allowed(const Key& key) {
  return std::visit([&](const auto* member) { return describe(member, key); }, target_of(key));
}

std::string to_text(const Key& key, const Config& config) {
  return std::visit([](const auto* member) { return print(*member); }, read_target(key, config));
}

std::vector<std::string> differing_keys(const Config& a, const Config& b) {
  std::vector<std::string> out;
  for (const auto& key : keys()) {
    const bool equal = std::visit(
        [&](auto* mine) { return same(*mine, *std::get<decltype(mine)>(read_target(key, b))); },
        read_target(key, a));
    if (!equal) out.push_back(key.full());
  }
  return out;
}

void copy_key(Config& to, const Config& from, std::string_view name) {
  const Key& key = *find_key(name);
  std::visit([&](auto* member) { *member = *std::get<decltype(member)>(read_target(key, from)); },
             key.target(to));
}

}  // namespace vapisync::config
