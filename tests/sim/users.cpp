#include "sim/users.hpp"

#include <fmt/format.h>

namespace vapisync::sim {
namespace {

constexpr Milliseconds lock_wait{50};
constexpr Milliseconds transaction_max{4'000};

}  // namespace

std::string stamp_of(const std::string& request_id) {
  return "#" + request_id + "#";
}

/// Everything that a save says carries its stamp, by which it is known wherever it turns up. What
/// no resource may be without is given each time, the rest now and then.
test::Change Users::change(const std::string& key, const std::string& stamp) {
  auto& dice = stage_.world.dice;
  test::Change change;
  change.key = key;
  if (dice.chance(stage_.swarm.remove)) {
    change.op = test::Change::Op::remove;
    return change;
  }
  const bool put = dice.chance(0.3);
  std::string fields;
  const auto add = [&](const char* field, const std::string& value) {
    fields += fmt::format(R"(,"{}":{})", field, value);
  };
  const auto maybe = [&](const char* field, const std::string& value) {
    if (dice.chance(0.3)) {
      add(field, value);
    } else if (!put && dice.chance(0.3)) {
      add(field, "null");
    }
  };
  maybe("endCallMessage", fmt::format(R"("Good BYE {}")", stamp));
  maybe("voicemailMessage", fmt::format(R"("Call {}")", stamp));
  maybe("silenceTimeoutSeconds", "30");
  if (dice.chance(stage_.swarm.link)) {
    const char* other = key == "inbound" ? "assistant/outbound" : "assistant/inbound";
    add("credentialIds",
        stage_.swarm.files ? references({"file/a", "file/b", other}) : references({other}));
  } else if (!put && dice.chance(0.3)) {
    add("credentialIds", "null");
  }
  if (dice.chance(stage_.swarm.bad_document)) {
    add_mistake(fields);
  } else if (!put && dice.chance(0.5)) {
    // Mends earlier mistakes.
    add("backgroundDenoisingEnabled", "null");
    add("endCallPhrases", "null");
    add("maxDurationSeconds", "null");
  }
  if (put) {
    change.op = test::Change::Op::put;
    change.document = fmt::format(R"({{"name":"Put","firstMessage":"{}"{}}})", stamp, fields);
  } else {
    const std::string name = dice.chance(0.3) ? fmt::format(R"("name":"{}",)", stamp) : "";
    change.document = fmt::format(R"({{{}"firstMessage":"{}","vapi":{{"metadata":{{"n":{}}}{}}}}})",
                                  name, stamp, saves_ % 3, fields);
  }
  return change;
}

/// One document, whole each time.
test::Change Users::file(const std::string& key, const std::string& stamp) {
  auto& dice = stage_.world.dice;
  test::Change change;
  change.kind = "file";
  change.key = key;
  change.op = test::Change::Op::remove;
  if (dice.chance(stage_.swarm.remove)) return change;
  change.op = test::Change::Op::put;
  // In a circle of what can't be changed each new object would ask for another one for ever.
  const bool refers = key == "b" && dice.chance(stage_.swarm.link);
  const std::string parts = refers ? references({"file/a"}) : "[]";
  change.document = fmt::format(R"({{"name":"File","content":"{}","parts":{},"pages":{}}})", stamp,
                                parts, dice.chance(stage_.swarm.bad_document) ? 0 : 1);
  return change;
}

std::string Users::references(std::initializer_list<const char*> names) {
  std::string list;
  for (const char* name : names) {
    if (!stage_.world.dice.chance(0.5)) continue;
    list += fmt::format(R"({}{{"$ref":"{}"}})", list.empty() ? "" : ",", name);
  }
  return "[" + list + "]";
}

/// Vapi names the field of each.
void Users::add_mistake(std::string& fields) {
  switch (stage_.world.dice.between(0, 2)) {
    case 0: fields += R"(,"backgroundDenoisingEnabled":5)"; break;
    case 1: fields += R"(,"maxDurationSeconds":1)"; break;
    default: fields += R"(,"endCallPhrases":5)"; break;
  }
}

void Users::save_something() {
  auto& dice = stage_.world.dice;
  test::SaveRequest request;
  request.org_id = fmt::format("org{}", dice.between(1, stage_.swarm.orgs));
  request.request_id = fmt::format("r{}", ++saves_);
  if (!dice.chance(stage_.swarm.hold)) request.on_reject = test::OnReject::rollback;
  const std::string stamp = stamp_of(request.request_id);
  const int64_t which = dice.between(0, 2);
  if (which != 1) request.changes.push_back(change("inbound", stamp));
  if (which != 0) request.changes.push_back(change("outbound", stamp));
  if (stage_.swarm.files) add_files(request, stamp);
  begin(request);
}

/// Beside the agents, or without them.
void Users::add_files(test::SaveRequest& request, const std::string& stamp) {
  auto& dice = stage_.world.dice;
  if (dice.chance(0.3)) request.changes.clear();
  const int64_t which = dice.between(request.changes.empty() ? 1 : 0, 3);
  if ((which & 1) != 0) request.changes.push_back(file("a", stamp));
  if ((which & 2) != 0) request.changes.push_back(file("b", stamp));
}

void Users::begin(const test::SaveRequest& request) {
  const TimePoint now = stage_.world.now();
  if (now < stage_.database_down_until) return;
  if (!stage_.database.can_lock(request)) {
    stage_.world.after(lock_wait, [this, request] { begin(request); });
    return;
  }
  const bool heard = stage_.database.bell_is_armed(now);
  if (!stage_.database.begin(request, now)) return;
  ++open_;
  auto& dice = stage_.world.dice;
  const bool is_long = stage_.faults_are_on && dice.chance(stage_.swarm.long_transaction);
  const Milliseconds duration =
      is_long ? dice.between(Milliseconds{1}, transaction_max) : Milliseconds{0};
  stage_.world.after(duration, [this, request, heard] { end(request, heard); });
}

void Users::end(const test::SaveRequest& request, bool heard) {
  --open_;
  auto& dice = stage_.world.dice;
  const TimePoint now = stage_.world.now();
  if (now < stage_.database_down_until || dice.chance(0.02)) {
    stage_.database.roll_back(request);
    return;
  }
  stage_.database.commit(request, now);
  stage_.saved.push_back(request);
  stage_.world.note("save", static_cast<int64_t>(request.changes.size()));
  const bool lost = stage_.faults_are_on && stage_.swarm.bell_lost;
  for (const auto& change : request.changes) {
    const auto* resource = stage_.database.find(request.org_id, change.key, change.kind);
    if (heard && !lost) ring_(resource->id);
    stage_.tell(fmt::format("{} saves {} as {}.{}: {}", request.org_id, request.request_id,
                            resource->id, resource->desired,
                            change.op == test::Change::Op::remove ? "delete" : change.document));
  }
}

}  // namespace vapisync::sim
