#include "sim/vapi_faults.hpp"

#include <fmt/format.h>

namespace vapisync::sim {
namespace {

class Plan {
 public:
  void add(double probability, const std::string& rest) {
    if (probability <= 0) return;
    if (!text_.empty()) text_ += ',';
    text_ += fmt::format(R"({{"probability":{:.4f},{}}})", probability, rest);
  }
  [[nodiscard]] std::string text() const { return "[" + text_ + "]"; }

 private:
  std::string text_;
};

void add_trouble(Plan& plan, const PassingTrouble& trouble, Dice& dice) {
  switch (trouble.what) {
    case Vapi::Trouble::none: return;
    case Vapi::Trouble::outage:
      return plan.add(1, dice.chance(0.5) ? R"("answer":{"status":503})"
                                          : R"("answer":{"status":502,"html":true})");
    case Vapi::Trouble::throttle:
      return plan.add(0.9, dice.chance(0.5)
                               ? R"("answer":{"status":429,"body":""})"
                               : R"("answer":{"status":429,"body":"","retry_after":3})");
    case Vapi::Trouble::refuse:
      return plan.add(1, fmt::format(R"("match":{{"key":"{}"}},"answer":{{"status":{}}})",
                                     trouble.key, dice.chance(0.5) ? 401 : 402));
  }
}

}  // namespace

std::string fault_plan(const Swarm* faults, const PassingTrouble& trouble,
                       const std::set<std::string>& revoked_keys, Dice& dice) {
  Plan plan;
  for (const auto& key : revoked_keys) {
    plan.add(1, fmt::format(R"("match":{{"key":"{}"}},"answer":{{"status":401}})", key));
  }
  if (faults == nullptr) return plan.text();
  const Swarm& swarm = *faults;
  add_trouble(plan, trouble, dice);
  plan.add(swarm.server_error / 2, R"("answer":{"status":500})");
  plan.add(swarm.server_error / 2, R"("answer":{"status":504,"html":true})");
  plan.add(swarm.committed_error, R"("answer":{"status":504,"html":true,"after_commit":true})");
  plan.add(swarm.odd_answer / 4, R"("answer":{"status":408})");
  plan.add(swarm.odd_answer / 4, R"("answer":{"status":413,"html":true})");
  plan.add(swarm.odd_answer / 4, R"("answer":{"status":425})");
  plan.add(swarm.odd_answer / 4, R"("answer":{"status":403,"html":true})");
  plan.add(swarm.refused_create,
           R"("match":{"method":"POST"},"answer":{"status":400,"body":{"message":"No"}})");
  plan.add(swarm.cut / 2, R"("cut":{})");
  plan.add(swarm.cut / 2, R"("cut":{"after_commit":true})");
  if (swarm.list_lag.count() > 0) {
    plan.add(0.5, fmt::format(R"("match":{{"method":"POST"}},"list_lag":{{"ms":{},"get":{}}})",
                              swarm.list_lag.count(), swarm.read_lag));
  }
  if (swarm.normalises) {
    plan.add(1, R"("normalise":{"field":"endCallMessage","lowercase":true})");
  }
  if (swarm.drops) plan.add(0.5, R"("normalise":{"field":"voicemailMessage","drop":true})");
  if (swarm.stuck) {
    plan.add(1, fmt::format(R"("stuck_keys":{{"keys":["voicemailMessage"],"refuse":{}}})",
                            !swarm.stuck_silently));
  }
  return plan.text();
}

sandbox::Request to_sandbox(const http::Request& request) {
  sandbox::Request out;
  out.method = std::string(http::to_string(request.method));
  const size_t question = request.target.find('?');
  out.path = request.target.substr(0, question);
  if (question != std::string::npos) out.query = request.target.substr(question + 1);
  out.authorization = "Bearer " + request.bearer.reveal();
  out.user_agent = "vapisync/simulated";
  if (!request.body.empty()) out.content_type = "application/json";
  out.body = request.body;
  return out;
}

http::Response to_response(sandbox::Reply&& reply) {
  http::Response response;
  response.status = reply.status;
  response.body = std::move(reply.body);
  response.headers.add("Content-Type", reply.content_type);
  for (auto& [name, value] : reply.headers) {
    response.headers.add(std::move(name), std::move(value));
  }
  return response;
}

}  // namespace vapisync::sim
