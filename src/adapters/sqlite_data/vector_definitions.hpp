#pragma once

#include "adapters/sqlite_data/sqlite_sql_engine.hpp"
#include "async/blocking_pool.hpp"
#include "core/data/vector_indexes.hpp"

namespace zs::sqlite {
class Connection;
}

namespace zs::sqlite_data {

// Definitions of vector indexes in the table _zs_vector_indexes of the tenant's database, which no
// statement of a user can touch.
// Lifetime: engine and pool outlive it. Threading: any.
class SqliteVectorDefinitions final : public data::VectorDefinitions {
public:
    SqliteVectorDefinitions(SqliteSqlEngine& engine, async::BlockingPool& pool)
        : engine_(engine), pool_(pool) {}

    async::Task<Result<std::vector<data::VectorIndexDefinition>>> list_definitions(
        identity::Tenant tenant) override;
    async::Task<Result<void>> put_definition(identity::Tenant tenant,
                                             data::VectorIndexDefinition definition) override;
    async::Task<Result<void>> remove_definition(data::VectorColumn column) override;

private:
    SqliteSqlEngine& engine_;
    async::BlockingPool& pool_;
};

// By name. The authorizer must be off.
Result<std::vector<data::VectorIndexDefinition>> read_definitions(sqlite::Connection& connection);

// After a statement that defines (DROP, ALTER), in its transaction: an index goes with its table or
// column.
Result<void> drop_orphaned_definitions(sqlite::Connection& connection);

}  // namespace zs::sqlite_data
