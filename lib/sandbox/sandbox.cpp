#include "sandbox/sandbox.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/log.hpp"
#include "http/server.hpp"
#include "sandbox/admin.hpp"

namespace vapisync::sandbox {
namespace {

namespace asio = boost::asio;

/// What the handler coroutines share; they keep it alive while they wait.
struct Shared {
  Shared(Clock& the_clock, uint64_t seed)
      : clock(the_clock),
        service(seed),
        // Wall time is read once: from here on it advances with the monotonic clock.
        epoch(std::chrono::floor<milliseconds>(std::chrono::system_clock::now()) -
              to_ms(clock.now().since_boot)) {}

  [[nodiscard]] Instant now() const { return epoch + to_ms(clock.now().since_boot); }

  Clock& clock;
  Service service;
  Instant epoch;
};

Request to_request(http::ServerRequest&& from) {
  Request request;
  request.authorization = from.headers.find("Authorization");
  request.user_agent = from.headers.find("User-Agent");
  request.content_type = from.headers.find("Content-Type");
  request.method = std::move(from.method);
  request.path = std::move(from.path);
  request.query = std::move(from.query);
  request.body = std::move(from.body);
  return request;
}

http::ServerResponse to_response(Reply&& reply, Instant now) {
  http::ServerResponse response;
  response.status = reply.status;
  response.body = std::move(reply.body);
  response.content_type = std::move(reply.content_type);
  for (auto& [name, value] : reply.headers) {
    response.headers.add(std::move(name), std::move(value));
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  response.headers.add("Date", fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(seconds)));
  return response;
}

asio::awaitable<http::ServerResponse> serve(std::shared_ptr<Shared> shared, Request request) {
  Service& service = shared->service;
  if (request.path.starts_with(admin_prefix)) {
    co_return to_response(answer_admin(service, request, shared->now()), shared->now());
  }
  Outcome outcome = service.handle(std::move(request), shared->now());
  if (outcome.delay.count() > 0) co_await sleep_for(shared->clock, outcome.delay);
  if (outcome.ticket) outcome.reply = service.collect(*outcome.ticket, shared->now());
  auto response = to_response(std::move(outcome.reply), shared->now());
  response.cut = outcome.cut;
  co_return response;
}

class HttpSandbox final : public Sandbox {
 public:
  explicit HttpSandbox(std::unique_ptr<http::Server> server)
      : server_(std::move(server)), port_(server_->port()) {}

  [[nodiscard]] unsigned short port() const override { return port_; }
  void stop() override { server_->stop(); }

 private:
  std::unique_ptr<http::Server> server_;
  unsigned short port_;
};

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return make_error(Verdict::invalid, "no_fault_file",
                      fmt::format("can't read the fault plan '{}'", path));
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

Result<std::unique_ptr<Sandbox>> start(asio::any_io_executor executor, Clock& clock,
                                       Options options) {
  auto shared = std::make_shared<Shared>(clock, options.seed);
  if (!options.faults_file.empty()) {
    const auto text = read_file(options.faults_file);
    if (!text) return text.error();
    const auto set = shared->service.set_faults(*text, shared->now());
    if (!set) {
      Error error = set.error();
      error.message = fmt::format("{}: {}", options.faults_file, error.message);
      return error;
    }
  }
  const auto handler = [shared](http::ServerRequest request) {
    return serve(shared, to_request(std::move(request)));
  };
  auto server = http::listen(executor, options.listen, handler);
  if (!server) return server.error();
  auto sandbox = std::make_unique<HttpSandbox>(std::move(*server));
  log::info("sandbox.listening", {{"port", sandbox->port()}, {"seed", options.seed}});
  return std::unique_ptr<Sandbox>(std::move(sandbox));
}

}  // namespace vapisync::sandbox
