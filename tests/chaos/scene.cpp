#include "chaos/scene.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <stdexcept>
#include <stdlib.h>

#include "chaos/plan.hpp"
#include "chaos/watch.hpp"

namespace vapisync::chaos {
namespace {

std::string make_folder() {
  std::string name = "/tmp/vapisync-chaos-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed in /tmp");
  return name;
}

}  // namespace

Scene::Scene() : folder_(make_folder()) {
  server.migrate();
  // A server that restarts at once must still know what it has acknowledged.
  server.sql("ALTER SYSTEM SET synchronous_commit = on");
  server.sql("SELECT pg_reload_conf()");
  set_watch(server);
  give_keys();
  for (int i = 1; i <= chaos::daemons; ++i) {
    const auto name = fmt::format("daemon{}", i);
    daemons.push_back(
        std::make_unique<Daemon>(name, login(i), folder_, settings(), server, sandbox.port()));
    daemons.back()->start();
  }
}

Scene::~Scene() {
  daemons.clear();
  if (!is_preserved_) std::filesystem::remove_all(folder_);
}

void Scene::give_keys() {
  std::ofstream(folder_ + "/platform.key") << "platform-key\n";
  std::ofstream(folder_ + "/seal.keys") << test::run_program({VAPISYNC_BINARY, "keygen"}).out;
  for (const auto& org : orgs()) {
    if (!org.starts_with("own")) continue;
    const auto command = fmt::format(
        "echo key-of-{0} | '{1}' workspace set {0} --set '{2}' --set 'vapi.base_url={3}'"
        " --set 'secrets.key_file={4}/seal.keys'",
        org, VAPISYNC_BINARY, "database.url=" + server.url("app_daemon"), sandbox.url(), folder_);
    const auto ran = test::run_program({"/bin/sh", "-c", command});
    if (ran.exit_code != 0) throw std::runtime_error("workspace set failed: " + ran.err);
  }
}

std::vector<std::string> Scene::settings() const {
  return {fmt::format("vapi.request_timeout_ms={}", request_timeout.count()),
          fmt::format("vapi.late_window_ms={}", late_window.count()),
          fmt::format("engine.lease_ms={}", lease.count()),
          "vapi.rate_per_second=0",
          "vapi.in_flight=48",
          "engine.poll_max_ms=100",
          "engine.drain_ms=3000",
          "retry.base_ms=20",
          "retry.max_ms=200",
          "retry.max_attempts=1000000",
          "vapi.platform_orgs=all",
          "vapi.platform_key_file=" + folder_ + "/platform.key",
          "secrets.key_file=" + folder_ + "/seal.keys",
          "log.level=debug",
          "log.format=json"};
}

void Scene::preserve() {
  is_preserved_ = true;
  for (const char* table : {"resources", "work", "entries", "saves", "outcomes", "attempts",
                            "leftovers", "credentials", "daemons"}) {
    std::ofstream(folder_ + "/" + table + ".json") << server.sql(
        fmt::format("SELECT coalesce(jsonb_pretty(jsonb_agg(t)), '[]') FROM vapisync.{} t", table));
  }
  for (const char* what : {"journal", "state"}) {
    std::ofstream(folder_ + "/sandbox_" + what + ".json")
        << test::http_exchange(sandbox.url(), "GET", std::string("/_sandbox/") + what).body;
  }
  std::filesystem::copy_file(server.directory() + "/server.log", folder_ + "/postgres.log",
                             std::filesystem::copy_options::overwrite_existing);
}

}  // namespace vapisync::chaos
