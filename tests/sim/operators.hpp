#pragma once
// Operators, who give orgs Vapi keys: of the account they are in, or of another one.
#include "sim/stage.hpp"
#include "sim/vapi.hpp"

namespace vapisync::sim {

class Operators {
 public:
  Operators(Stage& stage, Vapi& vapi) : stage_(stage), vapi_(vapi) {}

  void give_first_keys();
  void change_a_key();

 private:
  [[nodiscard]] bool is_used(const std::string& key) const;
  void give(const std::string& org_id, const std::string& account);

  Stage& stage_;
  Vapi& vapi_;
  int keys_{0};
};

}  // namespace vapisync::sim
