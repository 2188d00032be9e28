#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <toml++/toml.h>
#include <unistd.h>

#include "config/config.hpp"
#include "config/keys.hpp"
#include "config/suggest.hpp"
#include "config/value.hpp"

namespace vapisync::config {
namespace {

constexpr std::string_view prefix = "VAPISYNC_";
constexpr std::string_view file_variable = "VAPISYNC_CONFIG";

std::vector<std::string> all_keys() {
  std::vector<std::string> out;
  for (const auto& key : keys()) out.push_back(key.full());
  return out;
}

std::vector<std::string> all_variables() {
  std::vector<std::string> out{std::string(file_variable)};
  for (const auto& key : keys()) out.push_back(key.variable());
  return out;
}

std::vector<std::string> all_sections() {
  std::vector<std::string> out;
  for (const auto& key : keys()) {
    if (out.empty() || out.back() != key.section) out.emplace_back(key.section);
  }
  return out;
}

struct Place {
  std::string text;  ///< `vapisync.toml:12`, the variable, or the flag
  uint32_t line{0};  ///< in the file
};

struct Problem {
  uint32_t line{0};
  std::string text;
};

// Collects values and problems from one source after the other; later sources win.
class Loader {
 public:
  void read_file(const std::filesystem::path& path, bool may_be_missing);
  void read_environment(const std::map<std::string, std::string>& environment);
  void read_flags(const std::vector<std::string>& flags);
  Result<Config> finish();

 private:
  void read_toml(const std::string& file, const std::string& text);
  void unknown_section(const Place& place, const std::string& name, bool is_table);
  void read_section(const std::string& file, const toml::key& name, const toml::node& node);
  void set(const Key& key, const Value& value, const Place& place);
  void check_at_least(const Key& key, int64_t value, int64_t least, std::string_view because,
                      const Key& other);
  void check_pairs();
  [[nodiscard]] std::string origin(const Key& key) const;
  void problem(const Place& place, std::string_view text) {
    problems_.push_back({place.line, fmt::format("{}: {}", place.text, text)});
  }

  Config config_;
  std::vector<Problem> problems_;
  std::set<std::string> broken_;  ///< keys with a problem: not compared with others
};

Place at_line(const std::string& file, const toml::source_region& source) {
  return {fmt::format("{}:{}", file, source.begin.line), source.begin.line};
}

Value to_value(const toml::node& node) {
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* text = node.as_string()) return text->get();
  return std::monostate{};
}

void Loader::set(const Key& key, const Value& value, const Place& place) {
  const std::string name = key.full();
  if (const auto wrong = assign(config_, key, value)) {
    problem(place, fmt::format("{}: {}", name, *wrong));
    broken_.insert(name);
    return;
  }
  config_.origins[name] = place.text;
}

void Loader::unknown_section(const Place& place, const std::string& name, bool is_table) {
  const auto known = is_table ? all_sections() : all_keys();
  std::string hint = did_you_mean(name, known);
  if (hint.empty() && is_table) {
    hint = fmt::format("; the sections are {}", fmt::join(known, ", "));
  }
  problem(place, fmt::format("{}: unknown {}{}", name, is_table ? "section" : "key", hint));
}

void Loader::read_section(const std::string& file, const toml::key& name, const toml::node& node) {
  const std::string section(name.str());
  const Place place = at_line(file, name.source());
  const auto* table = node.as_table();
  if (!is_section(section)) {
    unknown_section(place, section, table != nullptr);
    return;
  }
  if (table == nullptr) {
    problem(place, fmt::format("{}: must be a section, written [{}]", section, section));
    return;
  }
  for (const auto& [key_name, value] : *table) {
    const std::string full = section + "." + std::string(key_name.str());
    const Place here = at_line(file, key_name.source());
    if (const Key* key = find_key(full)) {
      set(*key, to_value(value), here);
    } else {
      problem(here, fmt::format("{}: unknown key{}", full, did_you_mean(full, all_keys())));
    }
  }
}

void Loader::read_toml(const std::string& file, const std::string& text) {
  try {
    const toml::table root = toml::parse(text, file);
    for (const auto& [key, node] : root) read_section(file, key, node);
  } catch (const toml::parse_error& error) {
    problem(at_line(file, error.source()), error.description());
  }
  // The parser sorts by name; people read by line.
  std::ranges::stable_sort(problems_, {}, &Problem::line);
}

void Loader::read_file(const std::filesystem::path& path, bool may_be_missing) {
  const Place place{path.string()};
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    problem(place, "is a directory, not a file");
    return;
  }
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    const int error = errno;
    if (may_be_missing && (error == ENOENT || error == ENOTDIR)) return;
    problem(place, "cannot be read: " + std::generic_category().message(error));
    return;
  }
  read_toml(place.text, {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()});
}

void Loader::read_environment(const std::map<std::string, std::string>& environment) {
  for (const auto& [name, text] : environment) {
    if (!name.starts_with(prefix) || name == file_variable) continue;
    if (const Key* key = find_variable(name)) {
      set(*key, parse_text(*key, text), {name});
    } else {
      problem({name}, "unknown variable" + did_you_mean(name, all_variables()));
    }
  }
}

void Loader::read_flags(const std::vector<std::string>& flags) {
  for (const auto& flag : flags) {
    const size_t equals = flag.find('=');
    const std::string name = flag.substr(0, equals);
    if (equals == std::string::npos) {
      problem({"--set " + name}, "must be section.key=value");
    } else if (const Key* key = find_key(name)) {
      set(*key, parse_text(*key, flag.substr(equals + 1)), {"--set"});
    } else {
      problem({"--set " + name}, "unknown key" + did_you_mean(name, all_keys()));
    }
  }
}

std::string Loader::origin(const Key& key) const {
  const auto found = config_.origins.find(key.full());
  return found == config_.origins.end() ? "default" : found->second;
}

void Loader::check_at_least(const Key& key, int64_t value, int64_t least, std::string_view because,
                            const Key& other) {
  if (value >= least || broken_.contains(key.full()) || broken_.contains(other.full())) return;
  problem({origin(key)}, fmt::format("{}: must be at least {}, {} {} ({}), not {}", key.full(),
                                     least, because, other.full(), origin(other), value));
}

void Loader::check_pairs() {
  check_at_least(*find_key("engine.lease_ms"), config_.engine.lease.count(),
                 2 * config_.vapi.request_timeout.count(), "twice",
                 *find_key("vapi.request_timeout_ms"));
  check_at_least(*find_key("retry.max_ms"), config_.retry.max.count(), config_.retry.base.count(),
                 "the value of", *find_key("retry.base_ms"));
}

Result<Config> Loader::finish() {
  check_pairs();
  if (!problems_.empty()) {
    std::string text;
    for (const auto& item : problems_) text += (text.empty() ? "" : "\n") + item.text;
    return make_error(Verdict::invalid, "config", text);
  }
  if (config_.database.listen_url.empty() && !config_.database.url.empty()) {
    config_.database.listen_url = config_.database.url;
    config_.origins["database.listen_url"] = "default, from database.url";
  }
  return std::move(config_);
}

}  // namespace

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (!text.starts_with(prefix) || equals == std::string_view::npos) continue;
    out.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

Result<Config> load(const Sources& sources) {
  Loader loader;
  const auto variable = sources.environment.find(std::string(file_variable));
  if (sources.file) {
    loader.read_file(*sources.file, false);
  } else if (variable != sources.environment.end()) {
    loader.read_file(variable->second, false);
  } else {
    loader.read_file(sources.default_file, true);
  }
  loader.read_environment(sources.environment);
  loader.read_flags(sources.flags);
  return loader.finish();
}

Result<> require(const Config& config, std::span<const std::string_view> names) {
  std::string missing;
  for (const auto name : names) {
    const Key* key = find_key(name);
    if (key == nullptr) {
      return make_error(Verdict::fatal, "config", fmt::format("{}: there is no such key", name));
    }
    if (!to_text(*key, config).empty()) continue;
    missing +=
        fmt::format("{}{} is not set: set {} under [{}] in the configuration file, or {}",
                    missing.empty() ? "" : "\n", name, key->name, key->section, key->variable());
  }
  if (missing.empty()) return {};
  return make_error(Verdict::invalid, "config_missing", missing, std::string(names.front()));
}

}  // namespace vapisync::config
