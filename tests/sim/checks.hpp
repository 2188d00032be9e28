#pragma once
// The promises, as they can be checked once everything has drained.
#include "sim/stage.hpp"
#include "sim/vapi.hpp"

namespace vapisync::sim {

void check_promises(Stage& stage, const Vapi& vapi);

}  // namespace vapisync::sim
