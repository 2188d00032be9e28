#include "sim/log_watch.hpp"

#include <fmt/format.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace vapisync::sim {
namespace {

class Watching final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit Watching(Stage& stage) : stage_(stage) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string text(message.payload.data(), message.payload.size());
    stage_.tell("   log: " + text);
    if (message.level >= spdlog::level::err && !is_explained(text)) {
      stage_.complain("an error in the log: " + text);
    }
  }
  void flush_() override {}

  [[nodiscard]] bool is_explained(const std::string& text) const {
    const Swarm& swarm = stage_.swarm;
    const auto says = [&](const char* event) { return text.find(event) != std::string::npos; };
    if (says("undecided")) return false;
    if (says("db.claiming_failed") || says("db.recording_failed")) {
      return swarm.db_outage > 0 || swarm.db_lost > 0;
    }
    if (says("sync.rejected")) {
      const bool content =
          swarm.bad_document > 0 || swarm.stuck || swarm.drops || swarm.clone > 0 || swarm.link > 0;
      return content || swarm.refused_create > 0 || swarm.attempts_max < 50;
    }
    return says("credential.refused") && (swarm.refuse > 0 || swarm.key_change > 0);
  }

  Stage& stage_;
};

}  // namespace

LogWatch::LogWatch(Stage& stage) : before_(spdlog::default_logger()) {
  auto logger = std::make_shared<spdlog::logger>("sim", std::make_shared<Watching>(stage));
  logger->set_level(stage.telling ? spdlog::level::info : spdlog::level::err);
  spdlog::set_default_logger(std::move(logger));
}

LogWatch::~LogWatch() {
  spdlog::set_default_logger(before_);
}

}  // namespace vapisync::sim
