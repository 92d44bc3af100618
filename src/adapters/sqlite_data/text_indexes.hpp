#pragma once

#include "adapters/sqlite_data/sqlite_sql_engine.hpp"
#include "async/blocking_pool.hpp"
#include "async/task_group.hpp"
#include "core/data/text_indexes.hpp"

#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace zs::sqlite {
class Connection;
}

namespace zs::sqlite_data {

// Full text by FTS5: a contentless table _zs_text_<id> beside the user's, kept current by three
// triggers of the same name. No statement of a user can name them. The definition is a row of
// _zs_text_indexes; which table it belongs to is what the triggers say, so that renaming a table
// needs nothing. A filling that a restart cut off goes on when its index is looked at.
// Lifetime: engine and pool outlive it; the event loops still run when it is destroyed.
// Threading: any.
class SqliteTextIndexes final : public data::TextIndexes {
public:
    SqliteTextIndexes(SqliteSqlEngine& engine, async::BlockingPool& pool, async::Executor executor);
    ~SqliteTextIndexes() override;

    async::Task<Result<data::TextBuild>> build(identity::Tenant tenant,
                                               data::TextIndexDefinition definition) override;
    async::Task<Result<std::vector<data::TextHit>>> search(data::TextQuery query) override;
    async::Task<Result<std::vector<data::TextIndexInfo>>> list(identity::Tenant tenant) override;
    async::Task<Result<void>> drop(identity::Tenant tenant, std::string table) override;

private:
    using FillKey = std::pair<identity::Tenant, std::int64_t>;  // the id of the index
    bool begin_filling(const FillKey& key);
    void end_filling(const FillKey& key);
    void go_on_filling(const identity::Tenant& tenant, std::int64_t id, const std::string& table);
    async::Task<Result<void>> fill(identity::Tenant tenant, std::int64_t id, std::string table);
    async::Task<> fill_again(FillKey key, std::string table);

    SqliteSqlEngine& engine_;
    async::BlockingPool& pool_;
    async::TaskGroup fillings_;
    std::mutex mutex_;
    std::set<FillKey> filling_;
};

// After a statement that defines (DROP TABLE), in its transaction: the index goes with its table.
Result<void> drop_orphaned_text_indexes(sqlite::Connection& connection);

// What the server's own triggers and FTS5 itself may touch while a caller's statement runs.
bool is_text_index_name(std::string_view name);

}  // namespace zs::sqlite_data
