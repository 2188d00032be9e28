#include <fmt/format.h>

#include "base/json.hpp"
#include "commands.hpp"
#include "secret_files.hpp"

namespace vapisync::commands {

int fail(const Error& error, Output output) {
  if (!output.json) {
    fmt::print(stderr, "vapisync: {}\n", error.message);
    return exit_error;
  }
  json::Document document(rapidjson::kObjectType);
  auto& allocator = document.GetAllocator();
  json::Value body(rapidjson::kObjectType);
  json::set(body, "code", json::make_text(error.code, allocator), allocator);
  json::set(body, "message", json::make_text(error.message, allocator), allocator);
  json::set(document, "error", std::move(body), allocator);
  fmt::print(stderr, "{}\n", json::to_text(document));
  return exit_error;
}

int config_show(const config::Config& config, Output output) {
  fmt::print("{}\n", output.json ? config::show_json(config) : config::show(config));
  return exit_ok;
}

/// `load` found every mistake in the values; what is left is what serve needs to be there.
int config_check(const config::Config& config, Output output) {
  constexpr std::string_view needed[] = {"database.url"};
  if (auto complete = config::require(config, needed); !complete) {
    return fail(complete.error(), output);
  }
  if (auto key = read_platform_key(config); !key) {
    return fail(key.error(), output);
  }
  if (auto sealer = read_sealer(config); !sealer) return fail(sealer.error(), output);
  fmt::print("{}\n", output.json ? R"({"ok":true})" : "the configuration is complete and valid");
  return exit_ok;
}

}  // namespace vapisync::commands
