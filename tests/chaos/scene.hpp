#pragma once
// Everything that takes part: a private Postgres, the sandbox, three daemons, each behind gates,
// and a folder with what they write.
#include <memory>
#include <string>
#include <vector>

#include "chaos/daemon.hpp"
#include "chaos/evidence.hpp"
#include "support/server.hpp"
#include "support/stage.hpp"

namespace vapisync::chaos {

class Scene {
 public:
  Scene();
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  /// Keeps the folder, and puts what database and sandbox hold into it.
  void preserve();
  [[nodiscard]] const std::string& folder() const { return folder_; }

  test::PostgresServer server;
  test::SandboxProcess sandbox;
  std::vector<std::unique_ptr<Daemon>> daemons;

 private:
  void give_keys();
  [[nodiscard]] std::vector<std::string> settings() const;

  std::string folder_;
  bool is_preserved_{false};
};

}  // namespace vapisync::chaos
