#include "chaos/users.hpp"

#include <condition_variable>
#include <fmt/format.h>

#include "base/json.hpp"
#include "support/sql.hpp"

namespace vapisync::chaos {
namespace {

/// No answer, or the server is going, coming or busy: the same save is tried again.
bool is_passing(const std::string& sqlstate) {
  return sqlstate.empty() || sqlstate.starts_with("08") || sqlstate.starts_with("40") ||
         sqlstate.starts_with("53") || sqlstate.starts_with("57");
}

constexpr Milliseconds before_another_try{100};

}  // namespace

const std::vector<std::string>& orgs() {
  static const std::vector<std::string> names{"calm1", "calm2",  "calm3",  "own1",
                                              "own2",  "rough1", "rough2", "rough3"};
  return names;
}

void Memory::acknowledged(const SaveName& save) {
  const std::lock_guard lock(mutex_);
  committed_.push_back(save);
}

void Memory::withdrawn(const SaveName& save) {
  const std::lock_guard lock(mutex_);
  withdrawn_.insert(save);
}

void Memory::ended(const SaveName& save, const std::string& state) {
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = ends_.emplace(save, state);
  if (is_new || known->second == state) return;
  complaints_.push_back(fmt::format("save {} of {} had ended {}, and then was {}", save.second,
                                    save.first, known->second, state));
}

void Memory::complain(const std::string& complaint) {
  const std::lock_guard lock(mutex_);
  complaints_.push_back(complaint);
}

std::vector<std::string> Memory::complaints() {
  const std::lock_guard lock(mutex_);
  return complaints_;
}

std::vector<SaveName> Memory::committed() {
  const std::lock_guard lock(mutex_);
  return committed_;
}

std::optional<SaveName> Memory::any_committed(double where) {
  const std::lock_guard lock(mutex_);
  if (committed_.empty()) return std::nullopt;
  return committed_[static_cast<size_t>(where * static_cast<double>(committed_.size()))];
}

std::set<SaveName> Memory::withdrawn_saves() {
  const std::lock_guard lock(mutex_);
  return withdrawn_;
}

std::map<SaveName, std::string> Memory::ends() {
  const std::lock_guard lock(mutex_);
  return ends_;
}

bool rest(const std::stop_token& stop, Milliseconds pause) {
  std::mutex mutex;
  std::condition_variable_any nothing;
  std::unique_lock lock(mutex);
  nothing.wait_for(lock, stop, pause, [] { return false; });
  return !stop.stop_requested();
}

User::User(std::string url, uint64_t seed, Memory& memory)
    : url_(std::move(url)),
      dice_(seed),
      memory_(memory),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void User::run(const std::stop_token& stop) {
  while (rest(stop, dice_.between(Milliseconds{5}, Milliseconds{120}))) {
    try {
      save(stop);
    } catch (const std::exception& error) {
      memory_.complain(fmt::format("a user met what nobody expected: {}", error.what()));
    }
  }
}

pqxx::connection& User::connection() {
  if (!connection_) connection_ = std::make_unique<pqxx::connection>(url_);
  return *connection_;
}

/// Every save stamps the fields it sets, by which it is told apart wherever it turns up.
std::string User::draw_change(const std::string& org, const std::string& key, int number,
                              bool& hold) {
  const auto change = [&key](const std::string& what) {
    return fmt::format(R"({{"kind":"assistant","key":"{}",{}}})", key, what);
  };
  if (!org.starts_with("new") && dice_.chance(0.07)) return change(R"("op":"delete")");
  const auto stamp = [number](const char* field) {
    return fmt::format(R"("{}":"s{}")", field, number);
  };
  if (dice_.chance(0.15)) {
    const std::string more = dice_.chance(0.5) ? "," + stamp("endCallMessage") : "";
    return change(fmt::format(R"("payload":{{"name":"Whole",{}{}}})", stamp("firstMessage"), more));
  }
  std::string fields;
  std::string vapi;
  const auto add = [](std::string& list, const std::string& item) {
    list += (list.empty() ? "" : ",") + item;
  };
  if (dice_.chance(0.7)) add(fields, stamp("firstMessage"));
  for (const char* field : {"endCallMessage", "voicemailMessage"}) {
    if (dice_.chance(0.3)) {
      add(vapi, stamp(field));
    } else if (dice_.chance(0.2)) {
      add(vapi, fmt::format(R"("{}":null)", field));
    }
  }
  if (org.starts_with("rough") && dice_.chance(0.2)) {
    add(vapi, R"("stopSpeakingPlan":{"voiceSeconds":9})");
    hold = dice_.chance(0.3);
  } else if (org.starts_with("rough") && dice_.chance(0.3)) {
    add(vapi, R"("stopSpeakingPlan":null)");
  }
  if (fields.empty() && vapi.empty()) add(fields, stamp("firstMessage"));
  if (!vapi.empty()) add(fields, fmt::format(R"("vapi":{{{}}})", vapi));
  return change(fmt::format(R"("ask":{{{}}})", fields));
}

/// One tenant is restless: its edits come while a call is under way. And now and then one comes who
/// was never there, or nothing would be created after a while.
std::string User::draw_org(int number) {
  if (dice_.chance(0.08)) return fmt::format("new{}", number);
  const auto& all = orgs();
  if (dice_.chance(0.3)) return all.front();
  return all[static_cast<size_t>(dice_.between(0, static_cast<int64_t>(all.size()) - 1))];
}

void User::save(const std::stop_token& stop) {
  const int number = memory_.next();
  const SaveName name{draw_org(number), fmt::format("r{}", number)};
  bool hold = false;
  const int64_t which = name.first.starts_with("new") ? 0 : dice_.between(0, 2);
  std::string changes;
  if (which != 1) changes += draw_change(name.first, "inbound", number, hold);
  if (which == 0) changes += ",";
  if (which != 2) changes += draw_change(name.first, "outbound", number, hold);
  const auto statement = fmt::format("SELECT vapisync.save('{}', '{}', $json$[{}]$json$, '{}')",
                                     name.first, name.second, changes, hold ? "hold" : "rollback");
  if (dice_.chance(0.05)) {
    if (withdraw(stop, statement)) memory_.withdrawn(name);
    return;
  }
  commit(stop, name, statement);
  const auto known = memory_.any_committed(dice_.unit());
  if (known && dice_.chance(0.4)) ask_about(*known);
}

/// Until there is an answer: what a lost one did is done once, since the request id is the same.
void User::commit(const std::stop_token& stop, const SaveName& name, const std::string& statement) {
  do {
    try {
      pqxx::work tx(connection());
      tx.exec(statement);
      if (dice_.chance(0.04)) rest(stop, dice_.between(Milliseconds{50}, Milliseconds{500}));
      tx.commit();
      memory_.acknowledged(name);
      return;
    } catch (const pqxx::sql_error& error) {
      if (error.sqlstate() == test::invalid_parameter) return;  // nothing is there to delete
      if (!is_passing(error.sqlstate())) throw;
      connection_.reset();
    } catch (const pqxx::failure&) {
      connection_.reset();
    }
  } while (rest(stop, before_another_try));
}

/// Saves and thinks better of it. False when it never came to that.
bool User::withdraw(const std::stop_token& stop, const std::string& statement) {
  try {
    pqxx::work tx(connection());
    tx.exec(statement);
    rest(stop, dice_.between(Milliseconds{0}, Milliseconds{200}));
    tx.abort();
    return true;
  } catch (const pqxx::failure&) {
    connection_.reset();
    return false;
  }
}

void User::ask_about(const SaveName& save) {
  try {
    const auto text = test::value(
        connection(),
        fmt::format("SELECT vapisync.save_status('{}', '{}')", save.first, save.second));
    const auto status = json::parse(text).value();
    const std::string state(json::text_or(status, "state", "none"));
    const auto* success = json::find(status, "success");
    const bool is_open = state == "pending" || state == "rolling_back";
    if (success == nullptr || success->IsNull() != is_open) {
      memory_.complain(
          fmt::format("the status of save {} contradicts itself: {}", save.second, text));
    }
    if (!is_open) memory_.ended(save, state);
  } catch (const pqxx::sql_error& error) {
    connection_.reset();
    if (!is_passing(error.sqlstate())) {
      memory_.complain(fmt::format("no status of save {}: {}", save.second, error.what()));
    }
  } catch (const pqxx::failure&) {
    connection_.reset();
  }
}

}  // namespace vapisync::chaos
