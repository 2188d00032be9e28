#include "db/store_metrics.hpp"

namespace vapisync::db {
namespace {

constexpr Metrics::Family saves{"vapisync_saves_total", "Saves that ended, by how they ended."};
constexpr Metrics::Family superseded{"vapisync_superseded_versions_total",
                                     "Versions that were never sent, because a newer one was."};

}  // namespace

StoreMetrics::StoreMetrics(Metrics& metrics) : superseded_(metrics.counter(db::superseded)) {
  for (const char* tier : {"workspace", "agents", "knowledge_base", "other"}) {
    for (const char* state : {"synced", "superseded", "rolled_back", "failed", "not_undone"}) {
      saves_[{tier, state}] = metrics.counter(saves, {{"tier", tier}, {"state", state}});
    }
  }
}

void StoreMetrics::saves_ended(const std::string& tier, const std::string& state, int count) const {
  const auto found = saves_.find({tier, state});
  if (found != saves_.end()) found->second.add(count);
}

}  // namespace vapisync::db
