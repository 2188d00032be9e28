#include "sync/inventory.hpp"

#include <charconv>

#include "base/log.hpp"
#include "core/marker.hpp"

namespace vapisync::sync {

namespace asio = boost::asio;

namespace {

/// The resource that a mark of this installation names; 0: it is another's.
int64_t resource_in(const core::Marker& marker, const std::string& installation) {
  if (!marker.resource.starts_with(installation + "/")) return 0;
  const char* begin = marker.resource.data() + installation.size() + 1;
  int64_t id = 0;
  std::from_chars(begin, marker.resource.data() + marker.resource.size(), id);
  return id;
}

}  // namespace

Inventory::Inventory(db::EngineStore& store, Clock& clock, Credentials& credentials,
                     InventoryOptions options)
    : store_(store),
      clock_(clock),
      credentials_(credentials),
      options_(std::move(options)),
      wake_(clock) {}

void Inventory::stop() {
  stopping_ = true;
  wake_.set();
}

void Inventory::look() {
  wake_.set();
}

asio::awaitable<void> Inventory::run() {
  while (!stopping_) {
    const auto took_one = co_await take_one();
    const bool more = took_one && *took_one;
    if (!more && !stopping_) co_await wake_.wait_until(clock_.now() + options_.look_every);
  }
}

/// False: there was none. A failure leaves the account to the next look after the lease.
asio::awaitable<Result<bool>> Inventory::take_one() {
  const auto claimed = co_await store_.claim_inventory(options_.lease);
  if (!claimed) co_return claimed.error();
  if (!*claimed) co_return false;
  const auto ready =
      co_await credentials_.prepare({{{}, (*claimed)->credential_id, (*claimed)->fingerprint}});
  if (!ready) co_return ready.error();
  const auto credential = credentials_.find((*claimed)->credential_id);
  if (!credential) co_return true;
  int listed = 0;
  for (const auto& kind : options_.kinds) {
    if (kind.marked_by != core::MarkedBy::metadata) continue;
    const auto found = co_await look_through(*credential->client, kind);
    if (!found) {
      log::failure(log::Level::warning, "inventory.failed", found.error(), "it is tried again");
      co_return true;
    }
    listed += *found;
  }
  const auto ended = co_await store_.end_inventory((*claimed)->credential_id);
  if (!ended) co_return ended.error();
  log::info("inventory.done", {{"credential", (*claimed)->credential_id}, {"leftovers", listed}});
  co_return true;
}

asio::awaitable<Result<int>> Inventory::look_through(vapi::Client& client, const core::Kind& kind) {
  const auto keep_on = [this]() -> asio::awaitable<bool> { co_return !stopping_; };
  std::vector<db::MarkedObject> objects;
  // Whole documents of a whole account are more than memory should hold.
  const auto note = [&](const json::Value& object) {
    const auto marker = core::read_marker(object);
    const int64_t resource = marker ? resource_in(*marker, options_.installation_id) : 0;
    if (resource != 0) {
      objects.push_back({std::string(json::text_or(object, "orgId", "")),
                         std::string(json::text_or(object, "id", "")), resource});
    }
    return false;
  };
  const auto seen = co_await client.search(kind, note, {}, keep_on);
  if (!seen) co_return seen.error();
  co_return co_await store_.record_inventory(std::string(kind.name), std::move(objects));
}

}  // namespace vapisync::sync
