#pragma once

#include "adapters/sqlite_data/sqlite_sql_engine.hpp"
#include "async/task_group.hpp"
#include "core/data/collection_store.hpp"
#include "core/data/document_store.hpp"

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace zs::sqlite_data {

// Collections as tables of the embedded engine, one beside the others in each tenant's database.
// Back-fills run here, in slices between which other writers have their turn; one that a restart
// cut off goes on when its collection is looked up.
// Threading: any. Lifetime: the engine and the clock outlive it; the event loops still run when it
// is destroyed.
class SqliteCollections final : public data::CollectionStore, public data::DocumentStore {
public:
    SqliteCollections(SqliteSqlEngine& engine, const Clock& clock, async::Executor executor);
    ~SqliteCollections() override;

    async::Task<Result<std::vector<data::Collection>>> list(identity::Tenant tenant) override;
    async::Task<Result<data::Collection>> find(identity::Tenant tenant, std::string name,
                                               data::Counting counting) override;
    async::Task<Result<data::CreatedCollection>> create(identity::Tenant tenant,
                                                        data::Collection collection) override;
    async::Task<Result<void>> drop(identity::Tenant tenant, std::string name) override;
    async::Task<Result<data::ProjectedCollection>> project(
        identity::Tenant tenant, std::string name,
        std::optional<data::Projection> projection) override;

    async::Task<Result<data::DocumentWritten>> write(data::DocumentWrite write) override;
    async::Task<Result<data::StoredDocument>> find(data::DocumentScope scope,
                                                   std::string id) override;
    async::Task<Result<data::StoredDocument>> merge(data::DocumentScope scope, std::string id,
                                                    boost::json::object patch) override;
    async::Task<Result<void>> remove(data::DocumentScope scope, std::string id) override;
    async::Task<Result<std::vector<data::FoundDocument>>> list(data::DocumentScope scope,
                                                               data::DocumentQuery query) override;
    async::Task<Result<data::DocumentPiece>> read_piece(data::DocumentScope scope,
                                                        data::DocumentCursor after) override;
    async::Task<Result<std::optional<data::StreamState>>> stream(identity::Tenant tenant,
                                                                 std::string key) override;

private:
    using BackfillKey = std::pair<identity::Tenant, std::string>;
    void go_on_filling(const identity::Tenant& tenant, const std::string& name);
    async::Task<> fill(BackfillKey key);

    SqliteSqlEngine& engine_;
    const Clock& clock_;
    async::TaskGroup backfills_;
    std::mutex mutex_;
    std::set<BackfillKey> filling_;
};

}  // namespace zs::sqlite_data
