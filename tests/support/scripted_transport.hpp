#pragma once
// A Vapi that follows a script: one queued exchange for each request, and a record of what came.
// A request that the script does not know fails the test.
#include <deque>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "http/transport.hpp"

namespace vapisync::test {

class ScriptedTransport final : public http::Transport {
 public:
  explicit ScriptedTransport(Clock& clock) : clock_(clock) {}

  using Reply = std::function<http::Exchange(const http::Request&)>;

  ScriptedTransport& reply(Reply reply, Duration after = Duration{0}) {
    script_.push_back({std::move(reply), after});
    return *this;
  }

  ScriptedTransport& answer(http::Response response, Duration after = Duration{0}) {
    return reply([response = std::move(response)](const auto&) { return response; }, after);
  }

  ScriptedTransport& answer(int status, std::string body = {}, Duration after = Duration{0}) {
    http::Response response;
    response.status = status;
    response.body = std::move(body);
    return answer(std::move(response), after);
  }

  ScriptedTransport& fail(std::string code, bool sent, Duration after = Duration{0}) {
    http::TransportFailure failure{std::move(code), "api.test:443: scripted failure", sent};
    return reply([failure = std::move(failure)](const auto&) { return failure; }, after);
  }

  boost::asio::awaitable<http::Exchange> send(http::Request request) override {
    requests.push_back(request);
    if (script_.empty()) {
      ADD_FAILURE() << "no answer scripted for " << line(requests.size() - 1);
      co_return http::TransportFailure{"connect_failed", "the script is over", false};
    }
    Scripted next = std::move(script_.front());
    script_.pop_front();
    if (next.after > Duration{0}) co_await sleep_for(clock_, next.after);
    co_return next.reply(request);
  }

  /// `PATCH /assistant/a1`
  [[nodiscard]] std::string line(size_t index) const {
    const http::Request& request = requests.at(index);
    return std::string(http::to_string(request.method)) + " " + request.target;
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (size_t i = 0; i < requests.size(); ++i) out.push_back(line(i));
    return out;
  }
  /// Answers that nobody asked for yet.
  [[nodiscard]] size_t left() const { return script_.size(); }

  std::vector<http::Request> requests;

 private:
  struct Scripted {
    Reply reply;
    Duration after{0};
  };

  Clock& clock_;
  std::deque<Scripted> script_;
};

}  // namespace vapisync::test
