#pragma once

#include "adapters/sqlite_data/collection_catalog.hpp"
#include "adapters/sqlite_data/tenant_database.hpp"
#include "core/data/collection_store.hpp"

#include <string>

namespace zs::sqlite_data {

// Makes, changes and drops the tables behind collections, on the writer's connection and inside its
// transaction. Errors: as CollectionStore.
Result<data::CreatedCollection> create_collection(TenantDatabase& database,
                                                  sqlite::Connection& connection,
                                                  const data::Collection& wanted);
Result<void> drop_collection(TenantDatabase& database, sqlite::Connection& connection,
                             const std::string& name);
// Changes the columns. Rows that were there before wait for fill_slice() when `backfill` of the
// answered entry is set.
Result<CatalogEntry> change_projection(TenantDatabase& database, sqlite::Connection& connection,
                                       const std::string& name,
                                       const std::optional<data::Projection>& projection);

// Fills the next documents of a running back-fill; at most `documents_max`. Answers the entry as it
// is then. A document that does not fit brings the old projection back.
Result<CatalogEntry> fill_slice(TenantDatabase& database, sqlite::Connection& connection,
                                const std::string& name, std::uint64_t documents_max);

}  // namespace zs::sqlite_data
