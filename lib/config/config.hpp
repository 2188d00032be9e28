#pragma once
// The daemon's settings: one TOML file, overridden by environment, overridden by flags.
// `load` checks everything and reports every problem at once; a Config that exists is valid.
// The keys are the rows of keys.cpp; docs/configuration.md explains them.
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"

namespace vapisync::config {

inline constexpr std::string_view default_path = "/etc/vapisync/vapisync.toml";

/// Connection strings may hold a password, so they are secrets; show them with `redact_url`.
struct Database {
  Secret url;         ///< empty if not set: see `require`
  Secret listen_url;  ///< `url` unless set
  int pool{3};
};

/// Who may use the platform key: orgs that an operator named, or every org without a key of its
/// own.
enum class PlatformOrgs { granted, all };

struct Vapi {
  std::string base_url{"https://api.vapi.ai"};  ///< without a trailing slash
  std::string platform_key_file;                ///< empty: there is no platform key
  PlatformOrgs platform_orgs{PlatformOrgs::granted};
  std::chrono::milliseconds request_timeout{30'000};
  std::chrono::milliseconds late_window{60'000};
  double rate_per_second{1};  ///< 0: unlimited
  int burst{5};
  int in_flight{4};

  /// How long after an unanswered create the object may still appear.
  [[nodiscard]] std::chrono::milliseconds open_window() const {
    return request_timeout + late_window;
  }
};

struct Engine {
  int in_flight{256};
  int in_flight_per_org{16};
  std::chrono::milliseconds lease{60'000};
  int batch{200};
  std::chrono::milliseconds poll_max{5'000};
  std::chrono::milliseconds drain{35'000};
};

struct Retry {
  std::chrono::milliseconds base{1'000};
  std::chrono::milliseconds max{3'600'000};
  int max_attempts{50};
  std::chrono::seconds overdue_after{900};
};

struct Http {
  std::string listen{"127.0.0.1:9470"};  ///< or off
  [[nodiscard]] bool is_on() const { return listen != "off"; }
};

struct Secrets {
  std::string key_file;  ///< empty: nothing sealed can be read
};

struct Retention {
  int days{30};
};

struct Log {
  log::Level level{log::Level::info};
  log::Format format{log::Format::automatic};
};

struct Config {
  Database database;
  Vapi vapi;
  Engine engine;
  Retry retry;
  Http http;
  Secrets secrets;
  Retention retention;
  Log log;

  /// `section.key` -> where its value comes from, for `show`; absent: the default.
  std::map<std::string, std::string, std::less<>> origins;
};

struct Sources {
  /// `--config`. Without it: VAPISYNC_CONFIG, else `default_file`, which alone may be missing.
  std::optional<std::filesystem::path> file;
  std::map<std::string, std::string> environment;
  std::vector<std::string> flags;  ///< `section.key=value`, as given to `--set`; the last one wins
  std::filesystem::path default_file{default_path};
};

/// The variables of this process whose names begin with VAPISYNC_.
std::map<std::string, std::string> process_environment();

/// Fails with `invalid`; the message has one line for each problem.
Result<Config> load(const Sources& sources);

/// The keys whose values differ.
std::vector<std::string> differing_keys(const Config& a, const Config& b);
/// `name` is a key there is.
void copy_key(Config& to, const Config& from, std::string_view name);

/// Fails with `invalid`, and says how to set them, when one of these keys has no value.
Result<> require(const Config& config, std::span<const std::string_view> keys);

/// What is in force and where it was set, as TOML with comments; passwords are redacted.
std::string show(const Config& config);
/// {"database": {"pool": {"value": 3, "origin": "default"}, ...}, ...}
std::string show_json(const Config& config);

/// One key as the reference describes it.
struct KeyInfo {
  std::string name;      ///< `section.key`
  std::string variable;  ///< VAPISYNC_SECTION_KEY
  std::string fallback;  ///< the default as `show` prints it, empty if there is none
  std::string allowed;   ///< `an integer from 2 to 64`
  std::string_view purpose;
};
std::vector<KeyInfo> reference();

}  // namespace vapisync::config
