// Many saves in any order, some of them bad, under a Vapi that refuses what is bad: in the end
// every save has ended, and Vapi has exactly what was asked by those that were not rolled back.
#include <random>
#include <vector>

#include "support/judge.hpp"

namespace vapisync::test {
namespace {

using Fields = std::map<std::string, std::string>;

struct Saved {
  std::string request;
  std::string role;
  std::string op;  ///< ask, put, delete
  Fields fields;
};

struct RollbackRandom : Judge {
  std::mt19937 chance;
  std::vector<Saved> saved;
  int requests{0};

  int pick(int below) { return static_cast<int>(chance() % static_cast<unsigned>(below)); }

  /// Values of this save only; one in five is bad.
  std::string field_value(bool may_be_bad) {
    return (may_be_bad && pick(5) == 0 ? "bad" : "ok") + std::to_string(requests);
  }
  std::string change(const std::string& request, const std::string& role, bool rollback) {
    const int kind = pick(10);
    Saved item{request, role, kind == 0 ? "put" : "ask", {}};
    for (const std::string field : {"name", "firstMessage", "voice"}) {
      const bool given = item.op == "put" ? field != "voice" : pick(2) == 0;
      if (given) item.fields[field] = field_value(rollback);
    }
    const bool exists =
        value(app, "SELECT count(*) FROM vapisync.resources WHERE key = '" + role + "'") != "0";
    if (kind == 1 && exists) item = {request, role, "delete", {}};
    std::string text;
    for (const auto& [field, given] : item.fields) {
      text += (text.empty() ? "\"" : ",\"") + field + "\":\"" + given + '"';
    }
    const std::string content =
        item.op == "delete"
            ? R"("op":"delete")"
            : '"' + (item.op == "put" ? std::string("payload") : item.op) + "\":{" + text + '}';
    saved.push_back(item);
    return R"({"kind":"assistant","key":")" + role + "\"," + content + '}';
  }
  void save_something() {
    const std::string request = "r" + std::to_string(++requests);
    const bool rollback = pick(5) != 0;
    std::string changes;
    for (const std::string role : {"inbound", "outbound"}) {
      if (pick(3) == 0 && !(changes.empty() && role == "outbound")) continue;
      changes += (changes.empty() ? "" : ",") + change(request, role, rollback);
    }
    value(app, "SELECT vapisync.save('acme', '" + request + "', $json$[" + changes + "]$json$, '" +
                   (rollback ? "rollback" : "hold") + "')");
  }
  /// What Vapi has against the document; an empty path: it does not say.
  std::optional<std::string> complaint(const db::Claim& claim) {
    for (const std::string path : {"name", "voice,voiceId", "firstMessage"}) {
      const auto text =
          claim.op == core::Op::remove
              ? ""
              : sql("SELECT $json$" + claim.payload + "$json$::jsonb #>> '{" + path + "}'");
      if (text.starts_with("bad"))
        return path == "firstMessage" ? "" : path.substr(0, path.find(','));
    }
    return std::nullopt;
  }
  void answer_one() {
    const auto chosen = std::next(claimed.begin(), pick(static_cast<int>(claimed.size())));
    const std::string role = chosen->first;
    const auto path = complaint(*chosen->second);
    EXPECT_EQ((path ? refuse(role, *path) : accept(role)).recorded, db::Recorded::done);
    claimed.erase(role);
  }
  bool undone(const std::string& request) {
    return status(request, "details,failed,0,dbUpdated") == "false";
  }
  /// What the saves ask for, told without looking at any payload.
  std::optional<Fields> expected(const std::string& role) {
    std::optional<Fields> fields;
    for (const auto& item : saved) {
      if (item.role != role || undone(item.request)) continue;
      if (item.op == "delete") {
        fields.reset();
        continue;
      }
      if (item.op == "put") fields = Fields{};
      if (!fields) fields = Fields{{"voice", "Elliot"}};
      for (const auto& [field, given] : item.fields) (*fields)[field] = given;
    }
    return fields;
  }
  void expect_what_was_asked() {
    for (const std::string role : {"inbound", "outbound"}) {
      // What a newer save took over before Vapi saw it may come back with that one's rollback, and
      // be refused: a put-back is never rolled back.
      if (sql("SELECT last_error IS NOT NULL FROM vapisync.resources WHERE key = '" + role + "'") ==
          "t") {
        continue;
      }
      const auto fields = expected(role);
      ASSERT_EQ(vapi.contains(role), fields.has_value()) << role;
      if (!fields) continue;
      for (const std::string field : {"name", "firstMessage", "voice"}) {
        const auto is = in_vapi(role, field == "voice" ? "voice,voiceId" : field);
        if (fields->contains(field)) EXPECT_EQ(is, fields->at(field)) << role << " " << field;
      }
    }
  }
  void play(unsigned seed) {
    chance.seed(seed);
    for (int step = 0; step < 40; ++step) {
      if (pick(3) == 0) save_something();
      claim();
      if (!claimed.empty() && pick(2) == 0) answer_one();
      if (step % 8 == 0) expect_folds();
    }
    for (claim(); !claimed.empty(); claim()) answer_one();
    EXPECT_EQ(sql("SELECT string_agg(request_id || ' ' || state, ', ') FROM vapisync.saves"
                  " WHERE state IN ('pending', 'rolling_back') OR open_count <> 0"),
              "null");
    expect_folds();
    expect_what_was_asked();
  }
};

TEST_F(RollbackRandom, EverySaveEndsAndVapiHasWhatTheOthersAsked) {
  for (unsigned seed = 1; seed <= 40 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    play(seed);
    value(admin,
          "TRUNCATE vapisync.saves, vapisync.outbox, vapisync.outcomes, vapisync.work,"
          " vapisync.resources CASCADE");
    saved.clear();
    vapi.clear();
    claimed.clear();
  }
}

}  // namespace
}  // namespace vapisync::test
