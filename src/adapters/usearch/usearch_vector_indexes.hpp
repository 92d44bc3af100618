#pragma once

#include "adapters/usearch/column_registry.hpp"
#include "adapters/usearch/options.hpp"
#include "async/blocking_pool.hpp"
#include "core/data/change_capture.hpp"
#include "core/data/sql_engine.hpp"
#include "core/data/vector_indexes.hpp"

#include <atomic>
#include <memory>
#include <mutex>

namespace zs::usearch {

// Vectors of columns in memory, fed by change capture, with HNSW graphs of USearch over them whose
// metric is our own kernels.
// Lifetime: engine, feed and definitions outlive it. Building ends soon when it is destroyed.
class UsearchVectorIndexes final : public data::VectorIndexes {
public:
    UsearchVectorIndexes(data::SqlEngine& engine, data::ChangeFeed& feed,
                         data::VectorDefinitions& definitions, VectorOptions options);
    ~UsearchVectorIndexes() override;

    async::Task<Result<data::VectorBuild>> build(identity::Tenant tenant,
                                                 data::VectorIndexDefinition definition,
                                                 data::BuildWait wait) override;
    async::Task<Result<data::VectorAnswer>> search(data::VectorQuery query) override;
    async::Task<Result<data::VectorAnswer>> scan(data::VectorQuery query) override;
    async::Task<Result<std::vector<data::VectorIndexInfo>>> list(identity::Tenant tenant) override;
    async::Task<Result<data::VectorIndexStats>> stats(data::VectorColumn column) override;
    async::Task<Result<void>> drop(data::VectorColumn column) override;
    Result<std::optional<data::VectorAnswer>> search_now_blocking(
        const data::VectorQuery& query) override;
    async::Task<Result<data::VectorTable>> table(data::VectorColumn column,
                                                 data::ColumnUse use) override;

    // Where searches run; for other comparing of vectors, too.
    async::BlockingPool& pool() { return searchers_; }

    // For tests: waits until nothing is pending, building or queued for the column.
    async::Task<Result<void>> settle(data::VectorColumn column);

private:
    using Wish = LiveColumn::Wish;

    void listen();
    async::Task<Result<DefinitionsPtr>> definitions_of(identity::Tenant tenant);
    async::Task<Result<data::VectorIndexDefinition>> definition_of(data::VectorColumn column);
    async::Task<Result<LiveColumnPtr>> open(data::VectorColumn column);
    // Opened, and read when it was not current.
    async::Task<Result<LiveColumnPtr>> open_current(data::VectorColumn column,
                                                    async::Deadline deadline);
    async::Task<Result<data::VectorAnswer>> answer(data::VectorQuery query, Wish wish,
                                                   std::optional<data::HnswParameters> wanted);
    async::Task<Result<data::VectorIndexStats>> stats_of(data::VectorIndexDefinition definition,
                                                         identity::Tenant tenant);
    async::Task<Result<void>> check_new(LiveColumnPtr column,
                                        data::VectorIndexDefinition definition);

    void schedule_build(const LiveColumnPtr& column);
    void schedule_rebuild(const LiveColumnPtr& column);
    void schedule_merge(const LiveColumnPtr& column);
    Result<void> build_now_blocking(const LiveColumnPtr& column);
    Result<void> restore_or_build_blocking(const LiveColumnPtr& column);
    void store_blocking(const LiveColumnPtr& column);
    std::string snapshot_path(const data::VectorColumn& column) const;
    void note_sizes();

    data::SqlEngine& engine_;
    data::ChangeFeed& feed_;
    data::VectorDefinitions& store_;
    const VectorOptions options_;
    std::shared_ptr<ColumnRegistry> registry_;
    std::mutex storing_;
    std::once_flag listening_;
    std::atomic<bool> listens_{false};
    async::BlockingPool searchers_;
    async::BlockingPool builders_;  // last: what they still do uses the rest
};

}  // namespace zs::usearch
