#pragma once
// One seed from beginning to end: faults rain while users save, then they stop, everything drains,
// and every promise is checked.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/daemon.hpp"
#include "sim/operators.hpp"
#include "sim/stage.hpp"
#include "sim/users.hpp"
#include "sim/vapi.hpp"

namespace vapisync::sim {

struct Findings {
  std::vector<std::string> complaints;
  std::string swarm;
  std::vector<std::string> story;
  uint64_t trace{0};
  int64_t requests{0};
  std::map<test::SaveState, int64_t> saves;  ///< by how they ended
};

class Simulation {
 public:
  Simulation(uint64_t seed, bool telling);

  Findings run();

 private:
  struct Slot {
    std::unique_ptr<Daemon> daemon;
    int lives{0};
  };

  void start(size_t slot);
  void kill(Daemon& daemon);
  void replace(size_t slot);
  void every_second();
  void make_trouble();
  void save_again_and_again();
  void lift_faults();
  void reconcile();
  [[nodiscard]] bool drained() const;
  void explain_work();

  Stage stage_;
  Vapi vapi_;
  Operators operators_;
  std::vector<Slot> slots_;
  Users users_;
};

}  // namespace vapisync::sim
