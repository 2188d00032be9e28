#pragma once
// One claim on its way to a report: the facts as they grow, and the steps that add to them.
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "core/decide.hpp"
#include "core/document.hpp"
#include "core/kind.hpp"
#include "core/marker.hpp"
#include "core/verify.hpp"
#include "sync/syncer.hpp"

namespace vapisync::sync {

class ResourceSync {
 public:
  ResourceSync(Syncer& syncer, vapi::Client& client, const db::Claim& claim,
               const Account& account);

  boost::asio::awaitable<db::Report> run();

 private:
  /// A step that ends the claim returns its report.
  using Ended = std::optional<db::Report>;
  using Step = boost::asio::awaitable<Ended>;

  Ended validate();
  Ended mark();
  std::optional<Error> look_at_references();
  Step take(core::Step step);
  Step look_up();
  Step adopt(std::vector<vapi::Object> found);
  boost::asio::awaitable<bool> leave_to_others(std::vector<vapi::Object>& found);
  void leave_extra(const vapi::Object& extra);
  void leave_outdated(std::vector<vapi::Object>& found);
  void leave_open_create();
  bool mark_by_name_instead(const Error& refusal);
  Step create();
  Step update();
  Step compare();
  Step leave_out_idle_resets(Error refusal);
  Step check_gone();
  Step remove();

  Step before_write();
  Step before_read();
  boost::asio::awaitable<bool> hold_claim();
  /// After `stop` a claim that has sent nothing sends nothing.
  [[nodiscard]] bool must_stop() const { return syncer_.stopping_ && writes_ == 0; }
  void learn(const vapi::Object& object, const json::Value& expected, bool was_write);
  void expect_same(const char* path, const std::string& ours, const std::string& theirs);

  db::Report end(db::Outcome outcome) const;
  void keep_old(db::Report& report) const;
  db::Report confirm() const;
  db::Report settle_difference() const;
  db::Report wait_for_open_request() const;
  db::Report wait_for_others() const;
  db::Report refuse() const;
  db::Report forget() const;
  db::Report leave_behind() const;
  db::Report fail(const Error& error, bool was_write, std::string_view phase) const;

  [[nodiscard]] bool needs_last_look() const;

  void log_sent(std::string_view step, const Result<vapi::Object>& answer) const;
  [[nodiscard]] bool is_wanted(std::string_view path) const;
  [[nodiscard]] Error name_refused_reset(Error error) const;
  void count_request();
  /// What Vapi must hold once the resets are done.
  const json::Document& expected();
  /// The whole, without what only a create may name and the resets that Vapi does not know.
  const json::Document& update_body(const json::Document& whole);
  /// The keys that are not wanted, and that Vapi may hold because we sent them.
  [[nodiscard]] std::vector<std::string> resets() const;
  [[nodiscard]] Milliseconds since_start() const;

  Syncer& syncer_;
  vapi::Client& client_;
  const db::Claim& claim_;
  const core::Kind* kind_;
  std::string resource_name_;
  TimePoint started_;
  TimePoint lease_end_;
  core::Facts facts_;
  bool shared_;  ///< orgs that must not reach each other use this account
  core::Marker marker_;
  core::MarkedBy marked_by_;
  db::Remote remote_;
  /// What Vapi must hold: what is wanted, with ids in the place of references, and the marker.
  json::Document document_;
  bool has_metadata_{false};       ///< without the marker, too
  std::vector<std::string> keys_;  ///< of the document, sorted
  json::Document with_resets_;
  json::Document body_;
  std::string hash_;  ///< of what is wanted
  std::vector<int64_t> refers_to_;
  std::string hopeless_;  ///< path of the reference that leads nowhere
  std::vector<core::Difference> differences_;
  std::vector<db::Leftover> leftovers_;
  /// Resets that a look showed to be idle, once an update was refused.
  std::optional<std::vector<std::string>> left_out_;
  bool clears_open_{false};
  bool created_{false};  ///< a create was sent
  int requests_{0};
  int writes_{0};
  TimePoint write_began_{};
};

}  // namespace vapisync::sync
