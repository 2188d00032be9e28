#include "support/stage.hpp"

#include <fstream>
#include <stdexcept>
#include <stdlib.h>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "http/transport.hpp"

namespace vapisync::test {
namespace {

http::Method to_method(const std::string& name) {
  for (const auto method : {http::Method::get, http::Method::post, http::Method::patch,
                            http::Method::put, http::Method::del}) {
    if (http::to_string(method) == name) return method;
  }
  throw std::invalid_argument("no such method: " + name);
}

std::string make_directory() {
  std::string name = "/tmp/vapisync-stage-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed in /tmp");
  return name;
}

}  // namespace

HttpAnswer http_exchange(const std::string& base_url, const std::string& method,
                         const std::string& target, const std::string& body,
                         std::chrono::milliseconds patience) {
  boost::asio::io_context context(1);
  http::ClientOptions options;
  options.origin = http::parse_origin(base_url).value();
  options.user_agent = "vapisync-tests";
  const auto client = http::make_client(context.get_executor(), std::move(options)).value();
  http::Request request;
  request.method = to_method(method);
  request.target = target;
  request.body = body;
  request.timeout = patience;
  auto future =
      boost::asio::co_spawn(context, client->send(std::move(request)), boost::asio::use_future);
  context.run();
  auto exchange = future.get();
  if (!exchange) throw std::runtime_error(target + ": " + exchange.error().message);
  return {exchange->status, exchange->body};
}

SandboxProcess::SandboxProcess()
    : process_({VAPISYNC_BINARY, "sandbox", "--listen", "127.0.0.1:0"}),
      port_(json::find(process_.await("sandbox.ready"), "port")->GetInt()),
      url_("http://127.0.0.1:" + std::to_string(port_)) {}

void SandboxProcess::set_faults(const std::string& rules) {
  const auto answer =
      http_exchange(url_, "POST", "/_sandbox/faults", R"({"faults":)" + rules + "}");
  if (answer.status >= 300) throw std::runtime_error("fault plan refused: " + answer.body);
}

json::Document SandboxProcess::get(const std::string& target) {
  return json::parse(http_exchange(url_, "GET", target).body).value();
}

json::Document SandboxProcess::journal(uint64_t since) {
  return get("/_sandbox/journal?since=" + std::to_string(since));
}
json::Document SandboxProcess::state() {
  return get("/_sandbox/state");
}

int SandboxProcess::requests(const std::string& method) {
  const auto log = journal();
  int count = 0;
  for (const auto& entry : json::find(log, "entries")->GetArray()) {
    const bool landing = json::find(entry, "lateOf") != nullptr;
    if (json::text_or(entry, "method", "") == method && !landing) ++count;
  }
  return count;
}

void SandboxProcess::await_requests(const std::string& method, int count) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (requests(method) < count) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("no " + std::to_string(count) + " " + method + " requests came");
    }
    std::this_thread::yield();
  }
}

int SandboxProcess::assistants() {
  const auto summary = get("/_sandbox/state?summary");
  return json::find(summary, "assistants")->GetInt();
}

void SandboxProcess::edit(const std::string& id, const std::string& body) {
  http_exchange(url_, "POST", "/_sandbox/objects/assistant/" + id, body);
}

void SandboxProcess::remove(const std::string& id) {
  http_exchange(url_, "DELETE", "/_sandbox/objects/assistant/" + id);
}

std::vector<std::string> fast_settings() {
  return {"vapi.request_timeout_ms=1000",
          "vapi.late_window_ms=600",
          "vapi.rate_per_second=0",
          "vapi.in_flight=64",
          "engine.lease_ms=2500",
          "engine.poll_max_ms=100",
          "engine.drain_ms=5000",
          "retry.base_ms=20",
          "retry.max_ms=200",
          "vapi.platform_orgs=all",
          "http.listen=127.0.0.1:0",
          "log.level=debug",
          "log.format=json"};
}

Stage::Stage(Contents contents)
    : database(contents), connection(database.connect()), directory_(make_directory()) {
  key_file = directory_ + "/key";
  std::ofstream(key_file) << "platform-key\n";
}

std::vector<std::string> Stage::settings() const {
  std::vector<std::string> settings = fast_settings();
  settings.push_back("database.url=" + database.url("app_daemon"));
  settings.push_back("vapi.base_url=" + sandbox.url());
  settings.push_back("vapi.platform_key_file=" + key_file);
  return settings;
}

std::unique_ptr<Process> Stage::launch_daemon(const std::vector<std::string>& more) {
  std::vector<std::string> arguments;
  if (!environment.empty()) {
    arguments = environment;
    arguments.insert(arguments.begin(), "/usr/bin/env");
  }
  arguments.insert(arguments.end(), {VAPISYNC_BINARY, "serve"});
  std::vector<std::string> given = settings();
  given.insert(given.end(), more.begin(), more.end());
  for (const auto& setting : given) {
    arguments.emplace_back("--set");
    arguments.push_back(setting);
  }
  return std::make_unique<Process>(std::move(arguments));
}

std::unique_ptr<Process> Stage::start_daemon(const std::vector<std::string>& more) {
  auto daemon = launch_daemon(more);
  daemon->await("serve.ready");
  return daemon;
}

void Stage::save(const std::string& org, const std::string& request, const std::string& agents) {
  value(connection, save_agents(org, request, agents));
}

json::Document Stage::status(const std::string& org, const std::string& request) {
  return json::parse(sql("SELECT vapisync.save_status('" + org + "', '" + request + "')")).value();
}

std::string Stage::assistant_id(const std::string& org, const std::string& role) {
  return sql("SELECT vapi_assistant_id FROM vapisync.agents WHERE org_id = '" + org +
             "' AND role = '" + role + "'");
}

std::string pages_of(const Process& daemon) {
  constexpr std::string_view name = "\"http_port\":";
  const size_t at = daemon.output().find(name);
  if (at == std::string::npos) throw std::runtime_error("the daemon named no port");
  const int port = std::stoi(daemon.output().substr(at + name.size()));
  return "http://127.0.0.1:" + std::to_string(port);
}

Process::Wanted of_request(const std::string& request) {
  return [request](const json::Value& line) {
    return json::text_or(line, "request_id", "") == request;
  };
}

}  // namespace vapisync::test
