#pragma once
// One life of one simulated daemon: the real sync layer, put together as daemon/serve.cpp does it,
// in a process that can be killed or frozen wherever it waits.
#include <memory>
#include <string>

#include "sim/process.hpp"
#include "sim/stage.hpp"
#include "sim/store.hpp"
#include "sim/vapi.hpp"
#include "sync/credentials.hpp"
#include "sync/dispatcher.hpp"
#include "sync/janitor.hpp"
#include "sync/syncer.hpp"

namespace vapisync::sim {

class Daemon final : public Fate {
 public:
  Daemon(Stage& stage, Vapi& vapi, std::string name, std::function<void(Daemon&)> kill);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon() override;

  void ring(int64_t resource);
  /// An orderly end.
  void stop();
  void thaw();
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool idle() const { return !dispatcher_ || dispatcher_->in_flight() == 0; }
  [[nodiscard]] const std::string& name() const { return caller_.name; }

  boost::asio::awaitable<void> strike(std::string_view where) override;
  [[nodiscard]] bool may_claim(const std::string& org_id) const override;

 private:
  boost::asio::awaitable<void> live();
  void build();
  void crash(Duration after);
  void freeze();

  Stage& stage_;
  Vapi& vapi_;
  std::function<void(Daemon&)> kill_;
  Process process_;
  Random random_;
  Caller caller_;
  Store store_;
  std::unique_ptr<sync::Credentials> credentials_;
  std::unique_ptr<sync::Syncer> syncer_;
  std::unique_ptr<sync::Dispatcher> dispatcher_;
  std::unique_ptr<sync::Janitor> janitor_;
  /// Events of the world hold it weakly: they must not reach a daemon that is gone.
  std::shared_ptr<Daemon*> self_ = std::make_shared<Daemon*>(this);
  bool stopping_{false};
  bool ended_{false};
  bool was_frozen_{false};
  bool doomed_{false};
};

}  // namespace vapisync::sim
