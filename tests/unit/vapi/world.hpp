#pragma once
// A client with a scripted Vapi behind it, and everything it reported.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "support/run.hpp"
#include "support/scripted_transport.hpp"
#include "vapi/client.hpp"
#include "vapi/kinds.hpp"

namespace vapisync::vapi {

struct World {
  static ClientOptions options() {
    ClientOptions out;
    out.key = Secret("vapi-key-0123456789");
    out.request_timeout = std::chrono::seconds(7);
    out.limits.rate_per_second = 0;
    out.limits.failures_to_open = 3;
    return out;
  }

  ClientEvents events() {
    return {.paused =
                [this](const Error& why, Milliseconds pause) {
                  told.push_back(fmt::format("paused {} {}", why.code, pause.count()));
                },
            .outage = [this](const Error& why) { told.push_back("outage " + why.code); },
            .recovered = [this] { told.emplace_back("recovered"); }};
  }

  template <class T>
  Result<T> run(boost::asio::awaitable<Result<T>> call) {
    return test::run(clock, std::move(call));
  }

  /// Another object each time, as the work of many orgs would.
  Result<Object> get() { return run(client.get(kind, "a" + std::to_string(++gets))); }
  int gets{0};
  Result<Object> create() {
    const auto document = json::parse(R"({"name":"A"})");
    return run(client.create(kind, *document));
  }

  test::SimClock clock;
  Random random{1};
  test::ScriptedTransport vapi{clock};
  const core::Kind& kind{*find_kind("assistant")};
  std::vector<std::string> told;
  Client client{vapi, clock, random, options(), events()};
};

}  // namespace vapisync::vapi
