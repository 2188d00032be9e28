#include "entry_filter.hpp"

#include "print.hpp"

namespace vapisync::commands {

Result<db::EntryFilter> entry_filter(const EntryOptions& options) {
  db::EntryFilter filter;
  filter.states = options.states;
  filter.org = options.org;
  filter.kind = options.kind;
  filter.error = options.error;
  filter.limit = options.limit;
  if (options.since) {
    const auto seconds = parse_age(*options.since);
    if (!seconds) return seconds.error();
    filter.since_seconds = *seconds;
  }
  return filter;
}

}  // namespace vapisync::commands
