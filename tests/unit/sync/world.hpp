#pragma once
// A syncer between a scripted Vapi and a store in memory, on simulated time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/log_capture.hpp"
#include "support/memory_store.hpp"
#include "support/run.hpp"
#include "support/scripted_transport.hpp"
#include "sync/credentials.hpp"
#include "sync/syncer.hpp"

namespace vapisync::sync {

/// Vapi stored what it was sent, with `over` (a JSON object) on top of it.
inline test::ScriptedTransport::Reply stored(int status, std::string over = "{}") {
  return [status, over = std::move(over)](const http::Request& request) {
    auto document = *json::parse(request.body.empty() ? "{}" : request.body);
    auto& allocator = document.GetAllocator();
    const auto set_all = [&](std::string_view text) {
      const auto given = json::parse(text);
      for (const auto& member : given->GetObject()) {
        json::Value copy(member.value, allocator);
        json::set(document, json::text(member.name), std::move(copy), allocator);
      }
    };
    set_all(R"({"id":"a1","orgId":"o1"})");
    set_all(over);
    http::Response response;
    response.status = status;
    response.body = json::to_text(document);
    return response;
  };
}

/// Hands on to a transport that outlives it.
struct Forward final : http::Transport {
  explicit Forward(http::Transport& to) : to_(to) {}
  boost::asio::awaitable<http::Exchange> send(http::Request request) override {
    return to_.send(std::move(request));
  }
  http::Transport& to_;
};

struct World {
  static vapi::ClientOptions client_options() {
    vapi::ClientOptions out;
    out.key = Secret("k-0123456789");
    out.request_timeout = std::chrono::seconds(30);
    out.limits.rate_per_second = 0;
    return out;
  }
  /// Every key leads to the scripted Vapi.
  CredentialsOptions credentials_options(std::function<void()> recovered = [] {}) {
    CredentialsOptions out;
    out.client = client_options();
    out.platform_key = Secret("k-0123456789");
    out.connect = [this](const std::string&) -> Result<std::unique_ptr<http::Transport>> {
      return std::unique_ptr<http::Transport>(std::make_unique<Forward>(vapi));
    };
    out.recovered = std::move(recovered);
    return out;
  }
  static SyncerOptions options() {
    SyncerOptions out;
    out.installation_id = "inst";
    out.window = std::chrono::seconds(90);
    out.lease = std::chrono::seconds(60);
    out.attempts_max = 50;
    return out;
  }

  /// A resource that was never sent.
  db::Claim fresh(std::string payload = R"({"name":"A"})") {
    db::Claim claim;
    claim.resource_id = 7;
    claim.token = 1;
    claim.version = 1;
    claim.org_id = "acme";
    claim.kind = "assistant";
    claim.key = "inbound";
    claim.payload = std::move(payload);
    claim.created_after = "2026-08-01T10:00:00.000Z";
    claim.lease_end = clock.now() + std::chrono::seconds(60);
    return claim;
  }

  /// One that Vapi has, as version 1 of it.
  db::Claim live(std::string payload = R"({"name":"B"})") {
    db::Claim claim = fresh(std::move(payload));
    claim.version = 2;
    claim.remote.id = "a1";
    claim.remote.account_id = "o1";
    claim.remote.marker = "m1";
    claim.remote.live_hash = json::hash(*json::parse(R"({"name":"A"})"));
    claim.remote.sent_keys = {"metadata", "name"};
    return claim;
  }

  db::Report sync(const db::Claim& claim) {
    return test::run(clock, syncer.sync(claim, client, account));
  }

  /// The object as Vapi would return it after `claim` was sent.
  static std::string object(const std::string& fields, const std::string& id = "a1") {
    return fmt::format(
        R"({{"id":"{}","orgId":"o1","metadata":{{"vapisync":{{"r":"inst/7","a":"m1"}}}}{}{}}})", id,
        fields.empty() ? "" : ",", fields);
  }

  test::LogCapture log;
  test::SimClock clock;
  Random random{1};
  test::ScriptedTransport vapi{clock};
  test::MemoryStore store;
  vapi::Client client{vapi, clock, random, client_options(), {}};
  Syncer syncer{store, clock, random, options()};
  Account account{"o1"};
};

using Lines = std::vector<std::string>;

}  // namespace vapisync::sync
