#include "support/convergence.hpp"

#include <chrono>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <thread>

#include "core/verify.hpp"
#include "vapi/kinds.hpp"

namespace vapisync::test {
namespace {

std::optional<std::string> try_sql(const std::string& url, const std::string& question) {
  try {
    pqxx::connection connection(url);
    return value(connection, question);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::map<std::string, const json::Value*> objects_of(const json::Document& state) {
  std::map<std::string, const json::Value*> found;
  for (const auto& account : json::find(state, "accounts")->GetArray()) {
    for (const auto& object : json::find(account, "assistants")->GetArray()) {
      found.emplace(std::string(json::text_or(object, "id", "")), &object);
    }
  }
  return found;
}

}  // namespace

void await_sql(const std::string& url, const std::string& question, const std::string& wanted) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  std::optional<std::string> answer;
  while ((answer = try_sql(url, question)) != wanted) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << question << ": " << answer.value_or("no answer");
      return;
    }
    std::this_thread::yield();
  }
}

void expect_equal(const std::string& url, SandboxProcess& sandbox) {
  await_sql(url,
            "SELECT (SELECT count(*) FROM vapisync.work) + (SELECT count(*) FROM vapisync.resync)"
            " + (SELECT count(*) FROM vapisync.saves WHERE open_count > 0)",
            "0");
  pqxx::connection connection(url);
  pqxx::nontransaction tx(connection);
  const auto state = sandbox.state();
  const auto objects = objects_of(state);
  size_t wanted = 0;
  for (const auto& row :
       tx.exec("SELECT r.org_id || ' ' || r.kind || '/' || r.key, r.kind, r.remote_id, o.payload"
               " FROM vapisync.resources r JOIN vapisync.outbox o"
               " ON o.resource_id = r.resource_id AND o.version = r.desired_version"
               " WHERE r.desired_version > 0")) {
    const std::string name = row[0].c_str();
    if (row[3].is_null()) {
      EXPECT_TRUE(row[2].is_null()) << name << " is deleted and has an object";
      continue;
    }
    ++wanted;
    const auto object = objects.find(row[2].as<std::string>(""));
    if (object == objects.end()) {
      ADD_FAILURE() << name << " has no object in Vapi";
      continue;
    }
    const auto payload = json::parse(row[3].c_str()).value();
    const auto differences =
        core::verify(payload, *object->second, *vapi::find_kind(row[1].as<std::string>()));
    for (const auto& difference : differences) {
      ADD_FAILURE() << name << ": " << difference.path << " is " << difference.stored << ", not "
                    << difference.sent;
    }
  }
  EXPECT_EQ(objects.size(), wanted) << "objects in Vapi, and resources that want one";
}

int count_lines(const std::string& output, const std::string& event) {
  const std::string wanted = event.empty() ? "\n" : "\"event\":\"" + event + "\"";
  int count = 0;
  for (size_t at = output.find(wanted); at != std::string::npos; at = output.find(wanted, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace vapisync::test
