#pragma once

#include "adapters/usearch/column_registry.hpp"
#include "adapters/usearch/crew.hpp"
#include "adapters/usearch/options.hpp"
#include "async/blocking_pool.hpp"
#include "core/data/change_capture.hpp"
#include "core/data/change_journal.hpp"
#include "core/data/sql_engine.hpp"
#include "core/data/vector_indexes.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace zs::usearch {

// Vectors of columns in memory, fed by change capture, with HNSW graphs of USearch over them whose
// metric is our own kernels. Both are stored, so that after a restart only what changed is read.
// Lifetime:   engine, feed, definitions and journal outlive it. Building ends soon when it is
//             destroyed.
// Durability: what is stored is derived from the rows, and checked; it may be lost at any time.
class UsearchVectorIndexes final : public data::VectorIndexes {
public:
    UsearchVectorIndexes(data::SqlEngine& engine, data::ChangeFeed& feed,
                         data::VectorDefinitions& definitions, VectorOptions options,
                         data::ChangeJournal* journal = nullptr);
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

    // Brings into memory what was stored, one column after the other, the latest first.
    async::Task<> warm();
    // Readings under way end soon; for the end of the server.
    void stop();
    // Sweeps now and then, until it is cancelled.
    async::Task<> run_sweeps();
    // What is unused for long leaves the memory, and what is too much.
    void sweep_blocking();

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
                                                    async::Deadline deadline,
                                                    Placement placement = Placement::Mapped);
    async::Task<Result<data::VectorAnswer>> answer(
        data::VectorQuery query, Wish wish, std::optional<data::VectorIndexDefinition> wanted);
    async::Task<Result<data::VectorIndexStats>> stats_of(data::VectorIndexDefinition definition,
                                                         identity::Tenant tenant);
    async::Task<Result<void>> check_new(LiveColumnPtr column,
                                        data::VectorIndexDefinition definition);

    async::Task<> warm_column(data::VectorColumn column);

    void want_graph_blocking(const LiveColumnPtr& column,
                             const data::VectorIndexDefinition& definition);
    void schedule_build(const LiveColumnPtr& column);
    void schedule_rebuild(const LiveColumnPtr& column);
    void schedule_merge(const LiveColumnPtr& scheduled);
    Result<void> build_now_blocking(const LiveColumnPtr& column);
    Result<void> restore_or_build_blocking(const LiveColumnPtr& column);
    void check_recall_blocking(const LiveColumnPtr& column);
    void store_graph_blocking(const LiveColumnPtr& column);
    void store_vectors_blocking(const LiveColumnPtr& column);
    void trim_journal_blocking(const LiveColumnPtr& column);
    bool evict_blocking(LiveColumnPtr column);
    void unfollow_when_unused_blocking(const data::VectorColumn& column);
    void stop_listening_when_unused();
    std::vector<data::VectorColumn> stored_columns_blocking() const;
    std::string file_of(const identity::Tenant& tenant, const std::string& kind,
                        const std::string& name) const;
    std::string vectors_path(const data::VectorColumn& key) const;
    std::string graph_path(const identity::Tenant& tenant, const std::string& index) const;
    void note_sizes();

    data::SqlEngine& engine_;
    data::ChangeFeed& feed_;
    data::VectorDefinitions& store_;
    data::ChangeJournal* journal_;
    const VectorOptions options_;
    std::shared_ptr<ColumnRegistry> registry_;
    std::mutex storing_;
    std::mutex listening_;
    std::mutex noting_;
    std::atomic<bool> listens_{false};
    std::stop_source stopping_;
    async::BlockingPool searchers_;
    Crew crew_;
    async::BlockingPool builders_;  // last: what they still do uses the rest
};

}  // namespace zs::usearch
