#pragma once

#include "adapters/relational/database.hpp"
#include "async/task.hpp"
#include "base/clock.hpp"

namespace zs::server {

enum class SchemaPolicy { Migrate, OnlyCheck };

// Brings the control plane's schema to that of this program, or only looks whether it is. Blocks:
// for start-up and commands; not from a thread that runs `executor`.
// Errors: Conflict when it is another one and may not be changed; else as relational::Migrator.
Result<void> prepare_schema_blocking(async::Executor executor, relational::Database& database,
                                     const Clock& clock, SchemaPolicy policy);

}  // namespace zs::server
