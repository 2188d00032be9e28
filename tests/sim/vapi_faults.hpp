#pragma once
// The simulated Vapi's fault plan as the sandbox reads it, and requests and answers in its words.
#include <string>

#include "http/transport.hpp"
#include "sandbox/reply.hpp"
#include "sim/vapi.hpp"

namespace vapisync::sim {

std::string fault_plan(const Swarm& swarm, Vapi::Trouble trouble, Dice& dice);

sandbox::Request to_sandbox(const http::Request& request);
http::Response to_response(sandbox::Reply&& reply);

}  // namespace vapisync::sim
