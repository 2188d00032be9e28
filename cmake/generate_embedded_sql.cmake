# Writes OUTPUT: the texts of SQL_DIR as C++ raw strings, each group sorted by name.
function(append_group group)
  file(GLOB paths ${SQL_DIR}/${group}/*.sql)
  list(SORT paths)
  set(items "")
  foreach(path IN LISTS paths)
    get_filename_component(name ${path} NAME_WE)
    file(READ ${path} text)
    string(APPEND items "    File{\"${name}\", R\"__sql__(${text})__sql__\"},\n")
  endforeach()
  set(code "${code}constexpr File ${group}_files[] = {\n${items}};\n" PARENT_SCOPE)
endfunction()

set(code "#include \"db/embedded_sql.hpp\"\n\nnamespace vapisync::sql {\nnamespace {\n")
append_group(schema)
append_group(functions)
append_group(engine)
append_group(ops)
file(READ ${SQL_DIR}/grants.sql grants)
string(APPEND code "constexpr std::string_view grants_text = R\"__sql__(${grants})__sql__\";\n")
string(APPEND code "}  // namespace\n\n"
  "std::span<const File> schema() { return schema_files; }\n"
  "std::span<const File> functions() { return functions_files; }\n"
  "std::span<const File> engine() { return engine_files; }\n"
  "std::span<const File> ops() { return ops_files; }\n"
  "std::string_view grants() { return grants_text; }\n"
  "}  // namespace vapisync::sql\n")
file(WRITE ${OUTPUT} "${code}")
