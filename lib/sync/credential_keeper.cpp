#include "sync/credential_keeper.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

constexpr Milliseconds write_again{500};

std::string_view hint_for(const Error& why) {
  switch (why.status) {
    case 401:
      return "set a private Vapi key: vapi.platform_key_file, or `vapisync workspace set ORG`";
    case 402: return "Vapi wants payment: see the billing page of the Vapi account";
    case 403: return "the key may not do this: see its restrictions in the Vapi dashboard";
    default: return "";
  }
}

}  // namespace

CredentialKeeper::CredentialKeeper(db::EngineStore& store, Clock& clock, int64_t credential_id,
                                   std::string account_id)
    : store_(store),
      clock_(clock),
      credential_id_(credential_id),
      wake_(clock),
      account_id_(std::move(account_id)) {}

void CredentialKeeper::paused(const Error& why, Milliseconds duration) {
  const bool refused = why.verdict == Verdict::auth;
  log::write(refused ? log::Level::error : log::Level::warning,
             refused ? "credential.refused" : "credential.throttled",
             {{"credential", credential_id_},
              {"status", why.status},
              {"message", why.message},
              {"hint", hint_for(why)},
              {"next_try_ms", duration.count()}});
  pause_ = Pause{why.code, clock_.now() + duration};
  stored_at_.reset();
  dirty_ = true;
  wake_.set();
}

void CredentialKeeper::outage(const Error& why) {
  log::warning("vapi.outage", {{"credential", credential_id_},
                               {"code", why.code},
                               {"message", why.message},
                               {"hint", "everything waits and is tried again; nothing is lost"}});
}

void CredentialKeeper::recovered() {
  log::info("vapi.recovered", {{"credential", credential_id_}});
  dirty_ = dirty_ || pause_ || stored_at_;
  pause_.reset();
  stored_at_.reset();
  wake_waiting_ = true;
  wake_.set();
}

void CredentialKeeper::found_paused(TimePoint now) {
  if (!dirty_ && !stored_at_) stored_at_ = now;
}

bool CredentialKeeper::found_resumed(TimePoint asked_at) {
  if (dirty_ || !stored_at_ || asked_at <= *stored_at_) return false;
  pause_.reset();
  stored_at_.reset();
  log::info("credential.resumed", {{"credential", credential_id_}});
  return true;
}

void CredentialKeeper::learn_account(std::string account_id) {
  if (account_id.empty() || !account_id_.empty()) return;
  account_id_ = std::move(account_id);
  account_dirty_ = true;
  wake_.set();
}

bool CredentialKeeper::settled() const {
  return !dirty_ && !wake_waiting_ && !account_dirty_ && !marks_dirty_;
}

asio::awaitable<void> CredentialKeeper::run() {
  while (!stopping_) {
    co_await wake_.wait();
    while (!stopping_ && !settled()) {
      if (!co_await write()) co_await sleep_for(clock_, write_again);
    }
  }
}

void CredentialKeeper::learn_marks_by_name() {
  if (marks_by_name_) return;
  marks_by_name_ = marks_dirty_ = true;
  wake_.set();
}

void CredentialKeeper::stop() {
  stopping_ = true;
  wake_.set();
}

/// Level-triggered: writes the state of this moment, however it came about.
asio::awaitable<bool> CredentialKeeper::write() {
  if (dirty_) {
    dirty_ = false;
    Result<bool> written = true;
    if (pause_) {
      const auto left = std::max(to_ms(pause_->until - clock_.now()), Milliseconds{0});
      written = co_await store_.pause_credential(credential_id_, pause_->reason, left);
      // Whoever reads the row from now on finds it paused, unless that was ended again.
      if (written && !dirty_ && pause_) stored_at_ = clock_.now();
    } else {
      written = co_await store_.resume_credential(credential_id_);
    }
    if (!written) {
      dirty_ = true;
      co_return false;
    }
  }
  if (account_dirty_) {
    const auto learnt = co_await store_.learn_account(credential_id_, account_id_);
    if (!learnt) co_return false;
    account_dirty_ = false;
  }
  if (marks_dirty_) {
    const auto marked = co_await store_.mark_by_name(credential_id_);
    if (!marked) co_return false;
    marks_dirty_ = false;
  }
  if (wake_waiting_) {
    const auto woken = co_await store_.wake_waiting(credential_id_);
    if (!woken) co_return false;
    wake_waiting_ = false;
  }
  co_return true;
}

}  // namespace vapisync::sync
