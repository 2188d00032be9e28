#include "support/prometheus.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <fstream>
#include <netinet/in.h>
#include <regex>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include "http/address.hpp"
#include "support/await.hpp"
#include "support/stage.hpp"

namespace vapisync::test {
namespace {

/// Free at this moment; who starts a server on it tries again if somebody was quicker.
int free_port() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(listener);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

}  // namespace

std::string hurried_rules() {
  std::ifstream file(VAPISYNC_SOURCE_DIR "/monitoring/alerts.yml");
  const std::string rules{std::istreambuf_iterator<char>(file), {}};
  const auto at_once = std::regex_replace(rules, std::regex("for: [0-9]+[mh]"), "for: 0s");
  return std::regex_replace(at_once, std::regex("\\[[0-9]+m\\]"), "[15s]");
}

Prometheus::Prometheus(std::string directory, const std::string& target)
    : directory_(std::move(directory)) {
  std::ofstream(directory_ + "/alerts.yml") << hurried_rules();
  std::ofstream(directory_ + "/prometheus.yml")
      << "global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}\n"
      << "rule_files: [alerts.yml]\n"
      << "scrape_configs:\n"
      << "  - {job_name: vapisync, static_configs: [{targets: ['" << target << "']}]}\n";
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto address = "127.0.0.1:" + std::to_string(free_port());
    process_ = std::make_unique<Process>(std::vector<std::string>{
        "/usr/bin/prometheus", "--config.file=" + directory_ + "/prometheus.yml",
        "--storage.tsdb.path=" + directory_ + "/data", "--web.listen-address=" + address,
        "--log.format=json"});
    url_ = "http://" + address;
    await("a Prometheus that is ready, or gone", [this] {
      return process_->has_ended() || http_exchange(url_, "GET", "/-/ready").status == 200;
    });
    if (process_->has_ended()) continue;
    await_first_look();
    return;
  }
  throw std::runtime_error("Prometheus does not start: " + process_->output());
}

void Prometheus::await_first_look() {
  await("Prometheus to look at the daemon", [this] {
    return !ask("/api/v1/query?query=vapisync_ready")["data"]["result"].GetArray().Empty();
  });
  await_resolved("VapisyncDown");
}

json::Document Prometheus::ask(const std::string& target) {
  return json::parse(http_exchange(url_, "GET", target).body).value();
}

std::vector<std::string> Prometheus::firing() {
  std::vector<std::string> names;
  const auto answer = ask("/api/v1/alerts");
  for (const auto& alert : answer["data"]["alerts"].GetArray()) {
    if (json::text_or(alert, "state", "") == "firing") {
      names.emplace_back(json::text_or(alert["labels"], "alertname", ""));
    }
  }
  return names;
}

bool Prometheus::fires(const std::string& alert) {
  return std::ranges::count(firing(), alert) > 0;
}

void Prometheus::await_firing(const std::string& alert, std::chrono::seconds patience) {
  await(
      alert + " to fire", [&] { return fires(alert); }, patience);
}

void Prometheus::await_resolved(const std::string& alert) {
  await(alert + " to be over", [&] { return !fires(alert); });
}

std::string Prometheus::problem_of(const std::string& expression) {
  const auto answer = ask("/api/v1/query?query=" + http::percent_encode(expression));
  return std::string(json::text_or(answer, "error", ""));
}

}  // namespace vapisync::test
