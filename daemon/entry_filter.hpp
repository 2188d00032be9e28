#pragma once
// Entries as an operator names them on the command line.
#include "db/admin_store.hpp"
#include "operator_commands.hpp"

namespace vapisync::commands {

Result<db::EntryFilter> entry_filter(const EntryOptions& options);

}  // namespace vapisync::commands
