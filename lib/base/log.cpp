#include "base/log.hpp"

#include <concepts>
#include <fmt/format.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/json_writer.hpp"

namespace vapisync::log {
namespace {

bool human = false;

bool is_absent(const Field& field) {
  const auto* text = std::get_if<std::string_view>(&field.value());
  return text != nullptr && text->empty();
}

void write_value(json::Writer& writer, const Field& field) {
  std::visit(
      [&writer](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::same_as<T, std::string_view>) {
          writer.String(value);
        } else if constexpr (std::same_as<T, bool>) {
          writer.Bool(value);
        } else if constexpr (std::same_as<T, double>) {
          writer.Double(value);
        } else {
          writer.Int64(value);
        }
      },
      field.value());
}

void write_members(json::Writer& writer, std::string_view event, Fields fields) {
  writer.Key("event");
  writer.String(event);
  for (const auto& field : fields) {
    if (is_absent(field)) continue;
    writer.Key(field.name());
    write_value(writer, field);
  }
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void configure(Level level, Format format) {
  human = format == Format::human || (format == Format::automatic && isatty(STDERR_FILENO) == 1);
  auto logger = human ? std::make_shared<spdlog::logger>(
                            "vapisync", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>())
                      : std::make_shared<spdlog::logger>(
                            "vapisync", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (human) {
    logger->set_pattern("%H:%M:%S.%e %^%-7l%$ %v");
  } else {
    logger->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                        spdlog::pattern_time_type::utc);
  }
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void set_level(Level level) {
  spdlog::default_logger_raw()->set_level(to_spdlog(level));
}

bool enabled(Level level) {
  return spdlog::default_logger_raw()->should_log(to_spdlog(level));
}

void write(Level level, std::string_view event, Fields fields) {
  if (!enabled(level)) return;
  spdlog::default_logger_raw()->log(
      to_spdlog(level), human ? format_human(event, fields) : format_json(event, fields));
}

void failure(Level level, std::string_view event, const Error& error, std::string_view hint) {
  write(level, event,
        {{"code", error.code}, {"message", error.message}, {"path", error.path}, {"hint", hint}});
}

std::string format_json(std::string_view event, Fields fields) {
  constexpr size_t line_bytes_usual = 512;
  std::string line;  // without braces: they belong to the pattern, which puts time and level first
  line.reserve(line_bytes_usual);
  json::Writer writer(line);
  write_members(writer, event, fields);
  return line;
}

std::string format_human(std::string_view event, Fields fields) {
  std::string line = fmt::format("{:<20}", event);
  for (const auto& field : fields) {
    if (is_absent(field)) continue;
    std::visit([&](const auto& value) { line += fmt::format(" {}={}", field.name(), value); },
               field.value());
  }
  return line;
}

}  // namespace vapisync::log
