#include <fmt/format.h>

#include <pqxx/pqxx>

#include "base/json.hpp"
#include "commands.hpp"
#include "db/restored.hpp"
#include "on_database.hpp"

namespace vapisync::commands {
namespace {

int64_t number(const json::Value& object, std::string_view name) {
  return json::int_or(object, name, 0);
}

/// Forgetting the ids of the original would create everything a second time.
Error same_database() {
  return make_error(Verdict::invalid, "same_database",
                    "this is the very database that vapisync works with, and to forget its remote "
                    "objects would create all of them again: if it is a copy that can not be told "
                    "from its original (a snapshot), repeat with --force");
}

std::string_view meaning(std::string_view identity) {
  if (identity == "same") return "the database is the one that vapisync worked with last";
  if (identity == "other_timeline") {
    return "the database went on from an earlier moment (failover or point-in-time restore): the "
           "daemon looks at everything again by itself";
  }
  return "the database was restored elsewhere or copied: the daemon sends nothing until you run "
         "`vapisync restored --resync` (it takes the place of the original) or `vapisync restored "
         "--detach` (a copy with a Vapi account of its own)";
}

int print_status(const json::Document& status) {
  fmt::print("{}\n{} resources, {} of them with an object in Vapi",
             meaning(json::text_or(status, "identity", "")), number(status, "resources"),
             number(status, "withId"));
  const auto left = number(status, "toTouch");
  if (left > 0) fmt::print("; {} are still to be looked at", left);
  fmt::print("\n");
  return exit_ok;
}

void print_done(RestoredAction action, bool dry_run, const json::Document& answer) {
  const std::string_view would = dry_run ? "would be " : "";
  if (action == RestoredAction::resync) {
    const auto without = dry_run ? number(answer, "resources") - number(answer, "withId")
                                 : number(answer, "withoutId");
    fmt::print(
        "{} resources {}listed to be looked at again; {} of them have no object in Vapi and are "
        "searched for first\n",
        number(answer, "resources"), would, without);
  } else {
    fmt::print("{} of {} resources {}detached from their objects in Vapi; new ones {}created\n",
               number(answer, dry_run ? "withId" : "forgotten"), number(answer, "resources"), would,
               dry_run ? would : "will be ");
  }
}

int show_status(const json::Document& status, const std::string& text, Output output) {
  if (output.json) {
    fmt::print("{}\n", text);
  } else {
    print_status(status);
  }
  return json::text_or(status, "identity", "") == "same" ? exit_ok : exit_differs;
}

}  // namespace

int restored(const config::Config& config, const RestoredOptions& options, Output output) {
  const auto status_text = on_database(config, db::restored_status);
  if (!status_text) return fail(status_text.error(), output);
  const auto status = json::parse(*status_text).value();
  if (options.action == RestoredAction::status) return show_status(status, *status_text, output);

  const bool same = json::text_or(status, "identity", "") == "same";
  const bool detaching = options.action == RestoredAction::detach;
  if (detaching && same && !options.force) return fail(same_database(), output);
  std::string text = *status_text;
  if (!options.dry_run) {
    const auto done = on_database(config, detaching ? db::detach : db::resync);
    if (!done) return fail(done.error(), output);
    text = *done;
  }
  if (output.json) {
    fmt::print("{}\n", text);
  } else {
    print_done(options.action, options.dry_run, json::parse(text).value());
  }
  const bool would_change = options.dry_run && number(status, "resources") > 0;
  return would_change ? exit_differs : exit_ok;
}

}  // namespace vapisync::commands
