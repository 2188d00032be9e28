# The statements under sql/ travel inside the binary: one generated file, see lib/db/embedded_sql.hpp.
file(GLOB_RECURSE SQL_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/*.sql)
set(VAPISYNC_EMBEDDED_SQL ${CMAKE_BINARY_DIR}/embedded_sql.cpp)
add_custom_command(
  OUTPUT ${VAPISYNC_EMBEDDED_SQL}
  COMMAND ${CMAKE_COMMAND} -DSQL_DIR=${CMAKE_SOURCE_DIR}/sql -DOUTPUT=${VAPISYNC_EMBEDDED_SQL}
          -P ${CMAKE_SOURCE_DIR}/cmake/generate_embedded_sql.cmake
  DEPENDS ${SQL_FILES} ${CMAKE_SOURCE_DIR}/cmake/generate_embedded_sql.cmake
  VERBATIM)
