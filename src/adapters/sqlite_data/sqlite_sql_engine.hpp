#pragma once

#include "adapters/sqlite_data/options.hpp"
#include "async/blocking_pool.hpp"
#include "core/data/change_capture.hpp"
#include "core/data/sql_engine.hpp"
#include "core/data/vector_indexes.hpp"

#include <memory>

namespace zs::sqlite_data {

class DatabaseRegistry;

class TenantDatabase;

// The embedded data plane: one SQLite file per (organisation, environment) below `options.folder`,
// opened on demand. Reads run on `pool`, each on a snapshot of its own; writes go through the
// database's one writer, which commits what waits together.
// Threading:  any. Lifetime: the pool outlives it; no call is running when it is destroyed.
// Durability: success of a write means it survives power loss.
class SqliteSqlEngine final : public data::SqlEngine, public data::ChangeFeed {
public:
    SqliteSqlEngine(SqliteDataOptions options, async::BlockingPool& pool);
    ~SqliteSqlEngine() override;

    async::Task<Result<data::SqlSummary>> execute(data::SqlRequest request,
                                                  std::shared_ptr<data::RowSink> sink) override;
    async::Task<Result<std::unique_ptr<data::EngineTransaction>>> begin(
        data::TransactionOptions options) override;
    async::Task<Result<std::vector<data::TableInfo>>> tables(
        identity::Tenant tenant, std::shared_ptr<const identity::Rights> rights) override;
    async::Task<Result<data::TableInfo>> table(
        identity::Tenant tenant, std::string name,
        std::shared_ptr<const identity::Rights> rights) override;

    void subscribe(std::shared_ptr<data::ChangeSubscriber> subscriber) override;
    void unsubscribe(const std::shared_ptr<data::ChangeSubscriber>& subscriber) override;

    // From here on searches use these, and CREATE INDEX … USING hnsw makes them; null: neither.
    // Lifetime: they outlive the last call.
    void use_vector_indexes(data::VectorIndexes* indexes);

    // For what the server itself keeps in a tenant's database. Errors: as execute.
    async::Task<Result<std::shared_ptr<TenantDatabase>>> database(identity::Tenant tenant);
    // For the other stores of this adapter.
    DatabaseRegistry& databases();
    async::BlockingPool& pool();

    // Opens a database ahead of its first use. Errors: as execute.
    async::Task<Result<void>> open(identity::Tenant tenant);
    std::size_t databases_open() const;
    // Transactions that the tenant's writer committed since it was opened; 0 when it is not open.
    async::Task<std::uint64_t> commits(identity::Tenant tenant);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace zs::sqlite_data
