#pragma once

#include "adapters/sqlite_data/sqlite_sql_engine.hpp"
#include "async/blocking_pool.hpp"
#include "core/data/text_indexes.hpp"

namespace zs::sqlite {
class Connection;
}

namespace zs::sqlite_data {

// Full text by FTS5: a contentless table _zs_text_<id> beside the user's, kept current by three
// triggers of the same name. No statement of a user can name them. The definition is a row of
// _zs_text_indexes; which table it belongs to is what the triggers say, so that renaming a table
// needs nothing.
// Lifetime: engine and pool outlive it. Threading: any.
class SqliteTextIndexes final : public data::TextIndexes {
public:
    SqliteTextIndexes(SqliteSqlEngine& engine, async::BlockingPool& pool)
        : engine_(engine), pool_(pool) {}

    async::Task<Result<data::TextBuild>> build(identity::Tenant tenant,
                                               data::TextIndexDefinition definition) override;
    async::Task<Result<std::vector<data::TextHit>>> search(data::TextQuery query) override;
    async::Task<Result<std::vector<data::TextIndexInfo>>> list(identity::Tenant tenant) override;
    async::Task<Result<void>> drop(identity::Tenant tenant, std::string table) override;

private:
    SqliteSqlEngine& engine_;
    async::BlockingPool& pool_;
};

// After a statement that defines (DROP TABLE), in its transaction: the index goes with its table.
Result<void> drop_orphaned_text_indexes(sqlite::Connection& connection);

// What the server's own triggers and FTS5 itself may touch while a caller's statement runs.
bool is_text_index_name(std::string_view name);

}  // namespace zs::sqlite_data
