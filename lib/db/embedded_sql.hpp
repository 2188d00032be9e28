#pragma once
// The SQL texts of sql/, compiled into the binary (cmake/generate_embedded_sql.cmake).
#include <span>
#include <string_view>

namespace vapisync::sql {

struct File {
  std::string_view name;  ///< file name without its ending, e.g. `0001_tables`
  std::string_view text;
};

std::span<const File> schema();     ///< numbered migrations, oldest first
std::span<const File> functions();  ///< functions and views, replaced whenever they changed
std::span<const File> engine();     ///< the daemon's statements
std::span<const File> ops();        ///< what operators ask
std::string_view grants();          ///< run at the end of every migration

}  // namespace vapisync::sql
