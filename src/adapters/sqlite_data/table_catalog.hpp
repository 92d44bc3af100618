#pragma once

#include "adapters/sqlite_data/engine_connection.hpp"
#include "core/data/table_info.hpp"
#include "core/identity/rights.hpp"

#include <string>
#include <vector>

namespace zs::sqlite_data {

// The tables and views of one database as `rights` may see them; the engine's own, full-text
// shadows and what the server reserves are hidden. The authorizer must be off.
Result<std::vector<data::TableInfo>> list_tables(EngineConnection& engine,
                                                 const identity::Rights& rights);
// With indexes. Errors: NotFound "no_such_table", also for what `rights` may not read.
Result<data::TableInfo> find_table(EngineConnection& engine, const std::string& name,
                                   const identity::Rights& rights);

// Exact up to 100,000. The authorizer must be off.
std::uint64_t estimate_rows(EngineConnection& engine, const std::string& table);

}  // namespace zs::sqlite_data
