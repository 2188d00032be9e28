#include "config/keys.hpp"

#include <algorithm>

namespace vapisync::config {
namespace {

template <auto Section, auto Member>
Target at(Config& config) {
  return &(config.*Section.*Member);
}

template <auto Section, auto Member>
constexpr Key number(std::string_view section, std::string_view name, double min, double max,
                     std::string_view purpose) {
  return {section, name, at<Section, Member>, min, max, Text::none, purpose};
}

template <auto Section, auto Member>
constexpr Key text(std::string_view section, std::string_view name, Text text,
                   std::string_view purpose) {
  return {section, name, at<Section, Member>, 0, 0, text, purpose};
}

constexpr auto database = &Config::database;
constexpr auto vapi = &Config::vapi;
constexpr auto engine = &Config::engine;
constexpr auto retry = &Config::retry;
constexpr auto http = &Config::http;
constexpr auto secrets = &Config::secrets;
constexpr auto retention = &Config::retention;
constexpr auto logging = &Config::log;

// clang-format off
constexpr Key table[] = {
    text<database, &Database::url>("database", "url", Text::postgres_url,
        "The database that holds the outbox."),
    text<database, &Database::listen_url>("database", "listen_url", Text::postgres_url,
        "The connection on which the daemon waits for notifications."),
    number<database, &Database::pool>("database", "pool", 2, 64,
        "How many connections the daemon opens for its statements."),

    text<vapi, &Vapi::base_url>("vapi", "base_url", Text::http_url,
        "Where the Vapi API is."),
    text<vapi, &Vapi::platform_key_file>("vapi", "platform_key_file", Text::path,
        "The file that holds the platform's private Vapi API key."),
    text<vapi, &Vapi::platform_orgs>("vapi", "platform_orgs", Text::none,
        "Which orgs may use the platform key."),
    number<vapi, &Vapi::request_timeout>("vapi", "request_timeout_ms", 10, 600'000,
        "How long one request to Vapi may take, connecting included."),
    number<vapi, &Vapi::late_window>("vapi", "late_window_ms", 0, 3'600'000,
        "How long after the deadline of a create without an answer Vapi may still carry it out."),
    number<vapi, &Vapi::rate_per_second>("vapi", "rate_per_second", 0, 10'000,
        "How many requests a second one Vapi account gets in the long run; 0 is unlimited."),
    number<vapi, &Vapi::burst>("vapi", "burst", 1, 10'000,
        "How many requests may go at once after a quiet time, above the rate."),
    number<vapi, &Vapi::in_flight>("vapi", "in_flight", 1, 10'000,
        "How many requests one Vapi account may have open at the same time."),

    number<engine, &Engine::in_flight>("engine", "in_flight", 1, 100'000,
        "How many resources the daemon works on at the same time."),
    number<engine, &Engine::in_flight_per_org>("engine", "in_flight_per_org", 1, 100'000,
        "How many of them may belong to one org."),
    number<engine, &Engine::lease>("engine", "lease_ms", 20, 3'600'000,
        "How long a claimed resource is reserved for the daemon that claimed it."),
    number<engine, &Engine::batch>("engine", "batch", 1, 10'000,
        "How many resources one claim takes at most."),
    number<engine, &Engine::poll_max>("engine", "poll_max_ms", 10, 600'000,
        "The longest pause between two looks at the outbox when no notification arrives."),
    number<engine, &Engine::drain>("engine", "drain_ms", 0, 600'000,
        "How long a daemon that was told to stop waits for its open calls."),

    number<retry, &Retry::base>("retry", "base_ms", 1, 3'600'000,
        "The upper bound of the random pause after the first failure; it doubles with each one."),
    number<retry, &Retry::max>("retry", "max_ms", 1, 86'400'000,
        "Where that bound stops growing."),
    number<retry, &Retry::max_attempts>("retry", "max_attempts", 1, 1'000'000,
        "How many answered attempts a version gets before it counts as rejected."),
    number<retry, &Retry::overdue_after>("retry", "overdue_after_s", 1, 604'800,
        "How long a save may wait before it is reported as overdue."),

    text<http, &Http::listen>("http", "listen", Text::address,
        "Where the daemon answers /metrics, /livez and /readyz."),

    text<secrets, &Secrets::key_file>("secrets", "key_file", Text::path,
        "The file with the keys that seal the orgs' secrets in the database."),

    number<retention, &Retention::days>("retention", "days", 1, 36'500,
        "How many days of ended saves `vapisync prune` keeps."),

    text<logging, &Log::level>("log", "level", Text::none,
        "The least severe line that is written."),
    text<logging, &Log::format>("log", "format", Text::none,
        "What a line looks like."),
};
// clang-format on

}  // namespace

std::string Key::full() const {
  return std::string(section) + "." + std::string(name);
}

std::string Key::variable() const {
  std::string out = "VAPISYNC_" + std::string(section) + "_" + std::string(name);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

std::span<const Key> keys() {
  return table;
}

const Key* find_key(std::string_view full) {
  const auto* found =
      std::ranges::find_if(table, [&](const Key& key) { return key.full() == full; });
  return found == std::end(table) ? nullptr : found;
}

const Key* find_variable(std::string_view variable) {
  const auto* found =
      std::ranges::find_if(table, [&](const Key& key) { return key.variable() == variable; });
  return found == std::end(table) ? nullptr : found;
}

bool is_section(std::string_view section) {
  return std::ranges::any_of(table, [&](const Key& key) { return key.section == section; });
}

}  // namespace vapisync::config
