# cmake -DFOLDER=… -DOUTPUT=… -P embed.cmake: writes the *.sql of FOLDER into one C++ source.

file(GLOB files "${FOLDER}/*.sql")
list(SORT files)
set(table "")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" text)
  string(APPEND table "    {\"${name}\", R\"zs_sql(${text})zs_sql\"},\n")
endforeach()
list(LENGTH files count)
file(WRITE "${OUTPUT}" "// Written by migrations/embed.cmake.
#include \"adapters/relational/migration_files.hpp\"

#include <array>

namespace zs::relational {

std::span<const MigrationFile> embedded_migration_files() {
    static constexpr std::array<MigrationFile, ${count}> kFiles{{
${table}    }};
    return kFiles;
}

}  // namespace zs::relational
")
