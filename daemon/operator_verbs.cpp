// The operator's verbs on the command line: names, options, help with examples.
#include "cli.hpp"
#include "operator_commands.hpp"

namespace vapisync::cli {
namespace {

CLI::App* add_verb(CLI::App& parent, const std::string& name, const std::string& purpose,
                   const std::string& examples) {
  auto* verb = parent.add_subcommand(name, purpose);
  verb->footer("Examples:\n" + examples);
  return verb;
}

void add_dry_run(CLI::App* verb, bool& dry_run) {
  verb->add_flag("--dry-run", dry_run, "Only say what would be done; exit code 2 if anything");
}

void add_actor(CLI::App* verb, std::optional<std::string>& actor) {
  verb->add_option("--actor", actor, "Who does it, for the record; default: USER@HOST");
}

void add_resource(CLI::App* verb, std::string& resource, std::string& org) {
  verb->add_option("KIND/KEY", resource, "For example assistant/inbound")->required();
  verb->add_option("--org", org, "Whose it is")->required();
}

void add_filters(CLI::App* verb, commands::EntryOptions& options) {
  verb->add_option("--state", options.states, "pending, failed, rolled_back, synced, superseded")
      ->delimiter(',')
      ->check(CLI::IsMember({"pending", "failed", "rolled_back", "synced", "superseded"}));
  verb->add_option("--org", options.org, "Of this org only");
  verb->add_option("--kind", options.kind, "Of this kind only");
  verb->add_option("--error", options.error, "With this text in code, path or message");
  verb->add_option("--since", options.since, "Saved within this time: 90s, 15m, 2h, 7d");
  verb->add_option("--limit", options.limit, "At most so many")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
}

void add_looks(const Verbs& verbs) {
  auto* status = add_verb(verbs.app, "status", "How everything is; exit code 2 if not healthy",
                          "  vapisync status\n  vapisync status --json | jq .problems\n");
  runs(verbs, status, std::make_shared<commands::NoOptions>(), commands::status);

  auto* doctor = add_verb(verbs.app, "doctor",
                          "Checks the installation, Vapi included; exit code 2 on a problem",
                          "  vapisync doctor --config /etc/vapisync/vapisync.toml\n");
  runs(verbs, doctor, std::make_shared<commands::NoOptions>(), commands::doctor);

  auto resource = std::make_shared<commands::ResourceOptions>();
  auto* why = add_verb(verbs.app, "why", "Why a resource is as it is, and what happens next",
                       "  vapisync why assistant/inbound --org acme\n");
  add_resource(why, resource->resource, resource->org);
  runs(verbs, why, resource, commands::why);

  auto listed = std::make_shared<commands::ResourceOptions>();
  auto* history = add_verb(verbs.app, "history", "The versions of a resource, newest first",
                           "  vapisync history assistant/inbound --org acme --limit 5\n");
  add_resource(history, listed->resource, listed->org);
  history->add_option("--limit", listed->limit, "At most so many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  runs(verbs, history, listed, commands::history);
}

void add_saves(const Verbs& verbs) {
  auto* saves = verbs.app.add_subcommand("saves", "What became of a save");
  saves->require_subcommand(1);
  auto options = std::make_shared<commands::SaveOptions>();
  auto* show = add_verb(*saves, "show", "A save with its entries",
                        "  vapisync saves show request-42\n"
                        "  vapisync saves show request-42 --org acme --json\n");
  show->add_option("REQUEST_ID", options->request_id)->required();
  show->add_option("--org", options->org, "Of this org only: each has request ids of its own");
  runs(verbs, show, options, commands::saves_show);
}

void add_outbox_looks(const Verbs& verbs, CLI::App& outbox) {
  auto listed = std::make_shared<commands::EntryOptions>();
  auto* list = add_verb(outbox, "list",
                        "Entries, newest first; without --state those that need somebody: pending, "
                        "or failed and not mended",
                        "  vapisync outbox list\n"
                        "  vapisync outbox list --state failed --error voice --since 2h\n"
                        "  vapisync outbox list --state synced --org acme --limit 5\n");
  add_filters(list, *listed);
  runs(verbs, list, listed, commands::outbox_list);

  auto shown = std::make_shared<commands::EntryOptions>();
  auto* show = add_verb(outbox, "show",
                        "One entry: what was asked, the document, how it differs from what is "
                        "live, every failed attempt",
                        "  vapisync outbox show 12.3\n");
  show->add_option("ID", shown->ids, "RESOURCE.VERSION, as outbox list shows it")
      ->required()
      ->expected(1);
  runs(verbs, show, shown, commands::outbox_show);
}

void add_outbox_acts(const Verbs& verbs, CLI::App& outbox) {
  auto replayed = std::make_shared<commands::EntryOptions>();
  auto* replay = add_verb(outbox, "replay",
                          "Apply what a save asked once more, as a new save; of entries that ended",
                          "  vapisync outbox replay 12.3 --dry-run\n"
                          "  vapisync outbox replay 12.3 14.7\n"
                          "  vapisync outbox replay --error 'voice' --since 2h\n");
  replay->add_option("ID", replayed->ids, "RESOURCE.VERSION, as outbox list shows it");
  add_filters(replay, *replayed);
  replay->add_flag("--all", replayed->all, "All that failed and are not mended, up to --limit");
  replay->add_flag("--only", replayed->only, "Only the entry, not the whole save that it is of");
  replay->add_flag("--force", replayed->force, "Also what is older than what is live");
  add_dry_run(replay, replayed->dry_run);
  add_actor(replay, replayed->actor);
  runs(verbs, replay, replayed, commands::outbox_replay);

  auto discarded = std::make_shared<commands::EntryOptions>();
  auto* discard = add_verb(outbox, "discard",
                           "Roll back the failed save of an entry: what it asked is wanted no more",
                           "  vapisync outbox discard 12.3 --dry-run\n"
                           "  vapisync outbox discard 12.3\n");
  discard->add_option("ID", discarded->ids, "RESOURCE.VERSION, as outbox list shows it")
      ->required();
  add_dry_run(discard, discarded->dry_run);
  add_actor(discard, discarded->actor);
  runs(verbs, discard, discarded, commands::outbox_discard);
}

void add_rollback(const Verbs& verbs) {
  auto options = std::make_shared<commands::RollbackOptions>();
  auto* rollback = add_verb(verbs.app, "rollback", "Want an earlier version of a resource again",
                            "  vapisync rollback assistant/inbound --org acme --to 3 --dry-run\n"
                            "  vapisync rollback assistant/inbound --org acme --to 3\n");
  add_resource(rollback, options->resource, options->org);
  rollback->add_option("--to", options->version, "The version, as history shows it")->required();
  add_dry_run(rollback, options->dry_run);
  add_actor(rollback, options->actor);
  runs(verbs, rollback, options, commands::rollback);
}

void add_org(const Verbs& verbs) {
  auto* org = verbs.app.add_subcommand("org", "Stop an org's calls to Vapi, or let them go on");
  org->require_subcommand(1);
  auto paused = std::make_shared<commands::OrgOptions>();
  auto* pause = add_verb(*org, "pause", "Send nothing of an org; its saves are kept and wait",
                         "  vapisync org pause acme --reason 'they move to another account'\n");
  pause->add_option("ORG", paused->org)->required();
  pause->add_option("--reason", paused->reason, "Why, for status and why");
  add_actor(pause, paused->actor);
  runs(verbs, pause, paused, commands::org_pause);

  auto resumed = std::make_shared<commands::OrgOptions>();
  auto* resume = add_verb(*org, "resume", "Let a paused org go on", "  vapisync org resume acme\n");
  resume->add_option("ORG", resumed->org)->required();
  add_actor(resume, resumed->actor);
  runs(verbs, resume, resumed, commands::org_resume);
}

void add_upkeep(const Verbs& verbs) {
  auto tried = std::make_shared<commands::RetryOptions>();
  auto* retry = add_verb(verbs.app, "retry",
                         "Try now what waits or is blocked; without --now it only counts them",
                         "  vapisync retry --org acme\n"
                         "  vapisync retry assistant/inbound --org acme --now\n"
                         "  vapisync retry --now --keys\n");
  retry->add_option("KIND/KEY", tried->resource, "This one only; needs --org");
  retry->add_option("--org", tried->org, "Of this org only");
  retry->add_flag("--now", tried->now, "Do it");
  retry->add_flag("--keys", tried->keys, "Also end the pauses of Vapi keys that were refused");
  add_actor(retry, tried->actor);
  runs(verbs, retry, tried, commands::retry);

  auto pruned = std::make_shared<commands::PruneOptions>();
  auto* prune = add_verb(verbs.app, "prune",
                         "Remove the history of saves that ended longer ago than retention.days",
                         "  vapisync prune --dry-run\n  vapisync prune --days 90\n");
  prune->add_option("--days", pruned->days, "Instead of retention.days")
      ->check(CLI::Range(1, 36'500));
  add_dry_run(prune, pruned->dry_run);
  runs(verbs, prune, pruned, commands::prune);
}

}  // namespace

void add_operator_verbs(const Verbs& verbs) {
  add_looks(verbs);
  add_saves(verbs);
  auto* outbox = verbs.app.add_subcommand("outbox", "What was wanted, and what became of it");
  outbox->require_subcommand(1);
  add_outbox_looks(verbs, *outbox);
  add_outbox_acts(verbs, *outbox);
  add_rollback(verbs);
  add_org(verbs);
  add_upkeep(verbs);
}

}  // namespace vapisync::cli
