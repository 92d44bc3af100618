#pragma once

#include "adapters/sqlite_data/sqlite_sql_engine.hpp"
#include "async/blocking_pool.hpp"
#include "core/data/change_journal.hpp"

namespace zs::sqlite_data {

// The journal in the tenant's own database; see journal_tables.hpp.
// Lifetime: engine and pool outlive it. Threading: any.
class SqliteChangeJournal final : public data::ChangeJournal {
public:
    SqliteChangeJournal(SqliteSqlEngine& engine, async::BlockingPool& pool)
        : engine_(engine), pool_(pool) {}

    async::Task<Result<data::ChangeMark>> follow(identity::Tenant tenant,
                                                 std::string table) override;
    async::Task<Result<std::optional<data::TableChanges>>> changes_since(
        identity::Tenant tenant, std::string table, data::ChangeMark mark) override;
    async::Task<Result<void>> trim(identity::Tenant tenant, std::string table,
                                   data::ChangeMark mark) override;
    async::Task<Result<void>> unfollow(identity::Tenant tenant, std::string table) override;
    async::Task<Result<bool>> has_database(identity::Tenant tenant) override;

private:
    SqliteSqlEngine& engine_;
    async::BlockingPool& pool_;
};

}  // namespace zs::sqlite_data
