#pragma once

#include "adapters/sqlite_data/tenant_database.hpp"
#include "core/data/document_store.hpp"

#include <memory>

namespace zs::sqlite_data {

// What a write came to; also when it was undone (dry run, atomic).
struct WriteOutcome {
    data::DocumentWritten written;
    bool undo = false;
};

// Stores documents on the writer's connection, inside its transaction. Runs with the rights of
// `write.scope`: what triggers do is the caller's doing.
// Errors: Conflict "collection_changed"; those of SqlEngine. Documents that do not fit, or whose id
// is there, are counted and told, and do not fail the write.
Result<WriteOutcome> write_documents(TenantDatabase& database, sqlite::Connection& connection,
                                     const data::DocumentWrite& write, Timestamp now);

// RFC 3339, in the form of `_ts`.
std::string document_timestamp(Timestamp now);

}  // namespace zs::sqlite_data
