#pragma once
// The simulated Vapi's fault plan as the sandbox reads it, and requests and answers in its words.
#include <string>

#include "http/transport.hpp"
#include "sandbox/reply.hpp"
#include "sim/vapi.hpp"

namespace vapisync::sim {

struct PassingTrouble {
  Vapi::Trouble what{Vapi::Trouble::none};
  std::string key;  ///< that is refused
};

/// `faults`: none when they have stopped; what was revoked stays so.
std::string fault_plan(const Swarm* faults, const PassingTrouble& trouble,
                       const std::set<std::string>& revoked_keys, Dice& dice);

sandbox::Request to_sandbox(const http::Request& request);
http::Response to_response(sandbox::Reply&& reply);

}  // namespace vapisync::sim
