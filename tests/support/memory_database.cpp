// The daemon's statements on the database in memory.
#include "support/memory_database.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

#include "base/json.hpp"
#include "core/document.hpp"

namespace vapisync::test {
namespace {

constexpr Milliseconds clock_slack{600'000};
constexpr Milliseconds silent_max{15'000};

}  // namespace

bool MemoryDatabase::Work::is_leased(TimePoint now) const {
  return leased_until && *leased_until > now;
}

std::string_view to_string(EntryState state) {
  switch (state) {
    case EntryState::pending: return "pending";
    case EntryState::synced: return "synced";
    case EntryState::superseded: return "superseded";
    case EntryState::rolled_back: return "rolled_back";
    case EntryState::failed: return "failed";
  }
  return "";
}

std::string_view to_string(SaveState state) {
  switch (state) {
    case SaveState::pending: return "pending";
    case SaveState::rolling_back: return "rolling_back";
    case SaveState::synced: return "synced";
    case SaveState::superseded: return "superseded";
    case SaveState::rolled_back: return "rolled_back";
    case SaveState::failed: return "failed";
  }
  return "";
}

EntryState MemoryDatabase::Resource::state_of(int64_t version) const {
  if (entry(version).ended) return entry(version).ended->state;
  return version > settled ? EntryState::pending : EntryState::superseded;
}

std::vector<std::string> MemoryDatabase::sweep(const db::SweepRequest& request,
                                               TimePoint now) const {
  std::set<std::string> orgs;
  for (const auto& [id, row] : work) {
    const std::string& org = resources.at(id).org_id;
    const bool is_asked = request.resources.empty() ||
                          std::ranges::find(request.resources, id) != request.resources.end();
    if (is_asked && org > request.after_org && row.due_at <= now) orgs.insert(org);
  }
  std::vector<std::string> out(orgs.begin(), orgs.end());
  out.resize(std::min(out.size(), static_cast<size_t>(request.limit)));
  return out;
}

std::vector<MemoryDatabase::ClaimedRow> MemoryDatabase::claim(const db::ClaimRequest& request,
                                                              const std::string& daemon,
                                                              TimePoint now) {
  std::vector<ClaimedRow> claimed;
  int all_left = request.rows;
  for (const db::OrgShare& share : request.shares) {
    std::vector<std::pair<TimePoint, int64_t>> due;
    for (const auto& [id, row] : work) {
      if (resources.at(id).org_id == share.org_id && row.due_at <= now) {
        due.emplace_back(row.due_at, id);
      }
    }
    std::sort(due.begin(), due.end());
    // Leased rows count against what the org may have in flight.
    due.resize(std::min(due.size(), static_cast<size_t>(request.rows_per_org)));
    int left = share.rows;
    for (const auto& [due_at, id] : due) {
      Work& row = work.at(id);
      if (row.is_leased(now) || left == 0 || all_left == 0) continue;
      --left;
      --all_left;
      if (row.held) continue;
      // A lease that ran out may have left a request on its way.
      if (row.leased_until) {
        row.open_until = std::max(row.open_until.value_or(TimePoint{}), *row.leased_until);
      }
      row.leased_until = now + request.lease;
      row.claimed_by = daemon;
      row.token = ++last_token_;
      ClaimedRow out{id, row.token, row.attempts, row.open_until.has_value(), Milliseconds{0}};
      if (row.open_until) out.open_age = to_ms(now - *row.open_until);
      claimed.push_back(out);
    }
  }
  return claimed;
}

int MemoryDatabase::heartbeat(const std::string& daemon, TimePoint now) {
  daemons_[daemon] = now;
  return static_cast<int>(std::count_if(daemons_.begin(), daemons_.end(), [&](const auto& item) {
    return item.second > now - silent_max;
  }));
}

bool MemoryDatabase::leave(const std::string& daemon) {
  return daemons_.erase(daemon) > 0;
}

std::string MemoryDatabase::created_after(const Resource& resource) const {
  return options_.to_iso ? options_.to_iso(resource.created_at - clock_slack) : std::string();
}

std::vector<db::Claim> MemoryDatabase::facts(const std::vector<ClaimedRow>& rows) const {
  std::vector<db::Claim> claims;
  for (const ClaimedRow& row : rows) {
    const Resource& resource = resources.at(row.resource_id);
    const Entry& newest = resource.entries.back();
    db::Claim& claim = claims.emplace_back();
    claim.resource_id = resource.id;
    claim.token = row.token;
    claim.attempts = row.attempts;
    claim.open = row.open;
    claim.open_age = row.open_age;
    const auto its_work = work.find(resource.id);
    if (!row.open && its_work != work.end() && its_work->second.open_until) {
      claim.open = true;  // since the claim, a touch told of a request
    }
    claim.version = resource.desired;
    claim.generation = resource.generation;
    claim.org_id = resource.org_id;
    claim.credential_id = credential_of(resource.org_id);
    claim.kind = resource.kind;
    claim.key = resource.key;
    claim.request_id = newest.save;
    claim.op = newest.op;
    claim.payload = newest.payload;
    claim.remote = resource.remote;
    claim.blocked = resource.last_error.has_value();
    claim.references = references_of(resource);
    if (claim.op == core::Op::remove) claim.referrers = referrers_of(resource);
    if (claim.blocked && resource.live > 0) {
      claim.live_payload = resource.entry(resource.live).payload;
    }
    claim.created_after = created_after(resource);
    for (const Entry& entry : resource.entries) {
      if (!row.open || entry.version <= resource.live || entry.op != core::Op::upsert) continue;
      claim.open_keys =
          core::merge_keys(claim.open_keys, core::keys_of(*json::parse(entry.payload)));
    }
  }
  return claims;
}

std::vector<db::Receipt> MemoryDatabase::settle(const std::vector<db::Report>& reports,
                                                TimePoint now) {
  std::vector<db::Receipt> receipts;
  receipts.reserve(reports.size());
  std::set<int64_t> batch;
  for (const db::Report& report : reports) batch.insert(report.claim->resource_id);
  for (const db::Report& report : reports) receipts.push_back(settle_one(report, batch, now));
  return receipts;
}

bool MemoryDatabase::is_owned_by_other(const Resource& resource, const db::Remote& remote) const {
  return !remote.id.empty() &&
         std::any_of(resources.begin(), resources.end(), [&](const auto& item) {
           const Resource& other = item.second;
           return other.id != resource.id && other.remote.id == remote.id &&
                  other.remote.account_id == remote.account_id;
         });
}

db::Receipt MemoryDatabase::settle_one(db::Report report, const std::set<int64_t>& batch,
                                       TimePoint now) {
  using db::Outcome;
  const db::Claim& claim = *report.claim;
  Resource& resource = resources.at(claim.resource_id);
  const auto place = work.find(claim.resource_id);
  if (place == work.end() || place->second.token != claim.token || claim.token == 0) {
    return settle_lost(resource, report, now);
  }
  if (resource.held) return {db::Recorded::held, false};
  if (is_owned_by_other(resource, report.remote)) {
    report.outcome = Outcome::rejected;
    report.error = make_error(Verdict::reject, "owned_by_other", "another resource holds it");
    report.remote = claim.remote;
  }

  const bool newer = resource.desired > claim.version;
  const bool touched = resource.generation != claim.generation;
  // Whatever changed since this claim looked, a rejection of the old view decides nothing.
  const bool again = report.outcome == Outcome::rejected && touched && !newer;
  if (report.outcome == Outcome::rejected && !again && may_be_undone(resource, claim.version)) {
    auto receipt = settle_refusal(resource, report, now);
    receipt.linked = is_linked(resource);
    return receipt;
  }
  // Whatever refers to an object that is another one now must learn of it at the same time.
  const std::string& id = report.remote.id;
  const bool has_news = !id.empty() || report.outcome == Outcome::forgotten;
  const bool moved = id != resource.remote.id && has_news;
  if (moved && !touch_dependents(resource, batch, now)) return {db::Recorded::held, false};
  const bool confirmed = report.outcome == Outcome::confirmed;
  const bool rejected = report.outcome == Outcome::rejected && !again;
  const bool ends = confirmed || rejected || report.outcome == Outcome::looked;
  const bool due_now = newer || touched || again || report.outcome == Outcome::forgotten;

  keep_what_it_learnt(resource, report, touched, now);
  if (report.outcome == Outcome::forgotten) resource.live = 0;
  if (report.outcome == Outcome::forgotten) hold_on_to(resource, {});
  if (confirmed) hold_on_to(resource, report.live_refs);
  if (confirmed || rejected) end_entries(resource, report, rejected, now);
  auto receipt = move_on(resource, report, ends, due_now, now);
  receipt.linked = (confirmed || rejected) && is_linked(resource);
  return receipt;
}

void MemoryDatabase::keep_what_it_learnt(Resource& resource, const db::Report& report, bool touched,
                                         TimePoint now) {
  if (report.error) {
    attempts.push_back({resource.id, report.error->code, report.error->status});
  }
  for (const auto& found : report.leftovers) {
    list_leftover({resource.id, found.account_id, resource.kind, found.remote_id, found.marker,
                   found.reason, leftover_due(found.reason, now)});
  }
  const db::Remote& held = report.remote;
  std::erase_if(leftovers, [&](const Leftover& leftover) {
    return !held.id.empty() && leftover.remote_id == held.id &&
           leftover.account_id == held.account_id && leftover.kind == resource.kind;
  });
  // A touch may tell of keys, and of an open request, that this claim knew nothing of.
  auto keys = report.remote.sent_keys;
  if (touched) keys = core::merge_keys(std::move(keys), resource.remote.sent_keys);
  resource.remote = report.remote;
  resource.remote.sent_keys = std::move(keys);
  if (report.clears_open && !report.opens && !touched) work.at(resource.id).open_until.reset();
}

db::Receipt MemoryDatabase::move_on(Resource& resource, const db::Report& report, bool ends,
                                    bool due_now, TimePoint now) {
  const auto place = work.find(resource.id);
  Work& row = place->second;
  if (report.opens) row.open_until = std::max(row.open_until.value_or(TimePoint{}), now);
  if (ends && !due_now && !row.open_until) {
    work.erase(place);
    return {db::Recorded::done, false};
  }
  row.leased_until.reset();
  row.claimed_by.clear();
  row.token = 0;
  if (report.outcome == db::Outcome::released) {
    // Stays due as it was.
  } else if (due_now) {
    row.due_at = now;
  } else if (ends) {
    row.due_at = *row.open_until + options_.late_window;  // the last look
  } else {
    const bool needless = report.waits && !waits_for_others(resource);
    row.due_at = needless ? now : now + report.delay;
  }
  if (due_now || ends) {
    row.attempts = 0;
  } else if (report.burn) {
    ++row.attempts;
  }
  return {db::Recorded::done, due_now};
}

/// The claim is another's, but what was sent under it may still change what stands at Vapi.
db::Receipt MemoryDatabase::settle_lost(Resource& resource, const db::Report& report,
                                        TimePoint now) {
  if (!report.wrote) return {db::Recorded::lost, false};
  if (resource.held) return {db::Recorded::held, false};
  ++resource.generation;
  resource.remote.sent_keys = core::merge_keys(resource.remote.sent_keys, report.wrote_keys);
  const auto [place, is_new] = work.try_emplace(resource.id);
  Work& row = place->second;
  row.open_until = std::max(row.open_until.value_or(TimePoint{}), now);
  if (is_new) row.due_at = now;
  if (!row.is_leased(now)) row.due_at = std::min(row.due_at, now);
  const db::Remote& held = resource.remote;
  if (!report.wrote_marker.empty() && (held.id.empty() || report.remote.id != held.id)) {
    const std::string& told = report.remote.account_id;
    list_leftover({resource.id, told.empty() ? held.account_id : told, resource.kind,
                   report.remote.id, report.wrote_marker, "late_create",
                   leftover_due("late_create", now)});
  }
  return {db::Recorded::lost, false};
}

void MemoryDatabase::end_entries(Resource& resource, const db::Report& report, bool rejected,
                                 TimePoint now) {
  const db::Claim& claim = *report.claim;
  const std::optional<Error> error = rejected ? report.error : std::nullopt;
  for (int64_t version = resource.settled + 1; version <= claim.version; ++version) {
    Entry& entry = resource.entries.at(static_cast<size_t>(version - 1));
    const Rank rank = rejected                   ? Rank::failed
                      : version == claim.version ? Rank::synced
                                                 : Rank::superseded;
    if (rank == Rank::failed && !entry.ended) entry.ended = Ended{EntryState::failed, error, ""};
    if (rank == Rank::synced && !entry.ended) {
      entry.ended = Ended{EntryState::synced, std::nullopt, report.warnings};
    }
    if (!entry.save.empty()) move_save(resource.org_id, entry.save, rank, error);
  }
  resource.settled = std::max(resource.settled, claim.version);
  if (rejected) {
    if (resource.desired == claim.version) resource.last_error = error.value_or(Error{});
    return;
  }
  resource.live = claim.version;
  resource.last_synced_at = now;
  resource.last_error.reset();
}

void MemoryDatabase::move_save(const std::string& org_id, const std::string& name, Rank rank,
                               const std::optional<Error>& error) {
  Save& save = saves.at({org_id, name});
  if (save.open_count <= 0) throw std::logic_error("a save counts below zero: " + name);
  --save.open_count;
  save.worst = std::max(save.worst, rank);
  if (!save.error) save.error = error;
  if (save.open_count > 0) return;
  save.state = save.worst == Rank::failed              ? SaveState::failed
               : save.state == SaveState::rolling_back ? SaveState::rolled_back
               : save.worst == Rank::synced            ? SaveState::synced
                                                       : SaveState::superseded;
}

bool MemoryDatabase::renew(int64_t resource_id, int64_t token, Milliseconds lease, TimePoint now) {
  const auto row = work.find(resource_id);
  if (row == work.end() || row->second.token != token) return false;
  row->second.leased_until = now + lease;
  return true;
}

std::vector<std::string> MemoryDatabase::held_elsewhere(int64_t resource_id,
                                                        const db::Found& found) const {
  std::vector<std::string> held;
  for (const auto& id : found.remote_ids) {
    db::Remote remote;
    remote.id = id;
    remote.account_id = found.account_id;
    const bool goes = std::any_of(leftovers.begin(), leftovers.end(), [&](const Leftover& l) {
      return l.remote_id == id && l.account_id == found.account_id && l.kind == found.kind &&
             l.due_at && l.reason != "late_create" && l.reason != "open_create";
    });
    if (goes || is_owned_by_other(resources.at(resource_id), remote)) held.push_back(id);
  }
  return held;
}

std::vector<std::string> MemoryDatabase::wanted_keys(int64_t resource_id) const {
  std::vector<std::string> keys;
  for (const Entry& entry : resources.at(resource_id).entries) {
    if (entry.op == core::Op::remove) continue;
    keys = core::merge_keys(std::move(keys), core::keys_of(*json::parse(entry.payload)));
  }
  return keys;
}

bool MemoryDatabase::arm_bell(Milliseconds duration, TimePoint now) {
  bell_until_ = std::max(bell_until_, now + duration);
  return writers_ > 0;
}

}  // namespace vapisync::test
