#pragma once

#include "adapters/sqlite_data/tenant_database.hpp"
#include "async/blocking_pool.hpp"
#include "core/data/sql_engine.hpp"
#include "core/data/vector_indexes.hpp"

#include <memory>

namespace zs::sqlite_data {

// A REST transaction: one connection from begin to end, a snapshot from its first statement on, the
// write lock from its first write on.
//
// A failed statement undoes only itself, with one exception that is SQLite's: a write that is
// stopped midway (time, cancellation) takes the whole transaction with it; is_over() then says so.
class SqliteTransaction final : public data::EngineTransaction {
public:
    // Searches use `indexes` (null: none) as long as the transaction's snapshot is the newest state
    // and it has written nothing.
    static async::Task<Result<std::unique_ptr<data::EngineTransaction>>> begin(
        Pools pools, std::shared_ptr<TenantDatabase> database, data::TransactionOptions options,
        data::VectorIndexes* indexes);
    // Rolls back on the pool when it was not finished.
    ~SqliteTransaction() override;

    async::Task<Result<data::SqlSummary>> execute(data::SqlRequest request,
                                                  std::shared_ptr<data::RowSink> sink) override;
    async::Task<Result<void>> commit() override;
    async::Task<void> rollback() override;
    bool holds_write_lock() const override;
    bool is_over() const override;

private:
    struct State;
    explicit SqliteTransaction(std::shared_ptr<State> state);

    async::Task<Result<void>> take_write_lock(async::Deadline deadline);
    std::shared_ptr<State> state_;
};

}  // namespace zs::sqlite_data
