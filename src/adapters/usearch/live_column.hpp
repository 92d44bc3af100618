#pragma once

#include "adapters/usearch/column_store.hpp"
#include "adapters/usearch/column_vectors.hpp"
#include "adapters/usearch/crew.hpp"
#include "adapters/usearch/fair_mutex.hpp"
#include "adapters/usearch/graph_snapshot.hpp"
#include "adapters/usearch/hnsw_graph.hpp"
#include "async/turnstile.hpp"
#include "core/data/change_capture.hpp"
#include "core/data/vector_indexes.hpp"
#include "core/data/vector_value.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

namespace zs::usearch {

// Where a column stands in its table, as of the last look.
struct ColumnShape {
    data::VectorTable names;
    std::size_t position = 0;  // among the values of a RowChange
};

// One column of vectors as searches see it: its values, and the graph over them when it is indexed.
// It is filled by reading the table once and kept current by the commits that come in; whenever it
// is told that it missed something the table is read again and compared, which leaves what did not
// change where it is.
//
// A vector is in the graph, or pending: then searches scan it. So a search always sees every row.
// Threading: any; what ends in _blocking computes or waits for locks, and is for pool threads.
class LiveColumn {
public:
    // `path` names the file of its vectors; empty: they are not stored.
    LiveColumn(data::VectorColumn id, ColumnShape shape, std::string path = {});

    const data::VectorColumn& id() const { return id_; }
    data::VectorTable table() const;

    // On the writer's thread: what a commit changed, or that the table has to be read again.
    void enqueue(const std::shared_ptr<const data::ChangeSet>& changes);
    void forget();  // the table has to be read before the next search
    bool is_current() const;
    std::size_t queued() const;

    // Reading the table. One reader at a time: it holds the line.
    async::Turnstile& reading_line() { return reading_line_; }
    void begin_reading_blocking(ColumnShape shape);
    Result<void> take_row_blocking(std::int64_t row_id, const data::SqlValueView& value);
    // The rows that were taken are all there are.
    void end_reading_blocking();
    // They are all there are among `asked`, which is what changed until `now` since the position.
    void end_lookup_blocking(const std::vector<std::int64_t>& asked, data::ChangeMark now);

    // Files. What was stored is taken when nothing is in memory yet; it still has to be brought up
    // to date. Errors: DataLoss, and then the files are gone.
    Result<void> load_blocking(Placement placement);
    // Everything until there is in memory, and more may be. Empty: nobody knows.
    std::optional<data::ChangeMark> position() const;
    std::optional<data::ChangeMark> stored_position() const;
    // Writes what changed since the last time. `followed` is a mark that was the newest one just
    // now. Searches and changes go on. Errors: Unavailable.
    Result<void> store_blocking(std::optional<data::ChangeMark> followed);
    bool wants_store() const;
    void remove_files_blocking();
    std::size_t blocks_written() const { return blocks_written_; }

    enum class Wish { Graph, Scan };
    // Empty: the table has to be read first. Errors: InvalidArgument "dimension_mismatch",
    // "not_a_vector".
    // `crew` helps with large scans; null: nobody does.
    Result<std::optional<data::VectorAnswer>> search_blocking(const data::VectorQuery& query,
                                                              Wish wish, Crew* crew = nullptr);

    // The index that is wanted from here on; empty: none. True: a graph has to be built for it.
    bool want_graph_blocking(const std::optional<data::HnswParameters>& parameters);
    // Makes the graph from all rows, with `threads`, and puts it in the place of the old one.
    // Rows are read and changed meanwhile. Errors: Exhausted.
    Result<void> build_blocking(std::size_t threads = 1);
    // Puts a stored graph to use, as far as its nodes are what the rows are; false when it is of no
    // use. What the rows have got since is pending.
    Result<bool> restore_blocking(const GraphSnapshot& snapshot);
    // What would be stored now; empty when there is nothing new to store.
    Result<std::optional<GraphSnapshot>> snapshot_blocking();
    // So much was merged since the last snapshot that another one is due.
    bool wants_snapshot() const;

    // Applies what is queued and moves what is pending into the graph, a piece at a time. True: so
    // many nodes are dead that the graph should be built anew.
    Result<bool> merge_blocking();
    // The share of the true neighbours that the graph finds, by asking for some of its own rows.
    std::optional<double> check_recall_blocking();

    // Of all that was committed before the call.
    data::VectorIndexStats stats_blocking(data::VectorIndexDefinition definition);
    struct Sizes {
        std::size_t rows = 0;
        std::size_t pending = 0;
        std::size_t bytes = 0;
    };
    Sizes sizes_blocking() const;
    bool needs_graph() const;  // one is wanted, and neither there nor on its way
    bool is_building() const;
    void stop() { stopping_ = true; }  // ends builds and merges soon

    void used() { last_use_ = std::chrono::steady_clock::now().time_since_epoch().count(); }
    std::int64_t last_use() const { return last_use_; }

    // The index's name, by which its graph is stored.
    void name_index(std::string name);
    std::string index_name() const;

    std::atomic<bool> merge_scheduled{false};
    std::atomic<bool> build_scheduled{false};

private:
    enum class Freshness { Unread, Reading, Current };
    struct Request;

    bool is_missing_changes(const data::ChangeSet& changes) const;
    // Applies what is queued. False: the table has to be read first.
    bool catch_up_blocking();
    bool drain_locked();
    void note_position_locked(const data::ChangeSet& changes);
    void apply_locked(const data::RowChange& change);
    Result<void> set_row_locked(std::int64_t row_id, data::VectorCell cell,
                                const std::vector<float>& values);
    void remove_row_locked(std::int64_t row_id);
    void retire_locked(Slot slot);
    void reset_locked();
    Result<std::unique_ptr<HnswGraph>> fill_graph(const data::HnswParameters& parameters,
                                                  const ColumnVectors& vectors,
                                                  std::span<const Slot> slots, std::size_t threads);
    Result<void> put_blocks_blocking(const ColumnVectors& vectors,
                                     const std::vector<std::size_t>& blocks);
    Result<std::optional<ColumnImage>> put_changes_blocking(
        const std::shared_ptr<ColumnVectors>& vectors, std::optional<data::ChangeMark> followed,
        bool everything);
    void adopt_locked(std::unique_ptr<HnswGraph> graph);
    Result<std::vector<Slot>> match_nodes_locked(const GraphSnapshot& snapshot);

    Result<data::VectorAnswer> search_locked(const data::VectorQuery& query, Wish wish,
                                             Crew* crew = nullptr) const;
    Request request_of(const data::VectorQuery& query, Wish wish) const;
    bool walks_graph(const Request& request) const;
    Result<bool> walk(Request& request, data::VectorAnswer& answer) const;
    Result<void> scan(const Request& request, data::VectorAnswer& answer) const;
    bool scan_block(const Request& request, const vector::VectorBlock& asked,
                    const vector::VectorBlock& block, std::span<vector::TopK> best) const;
    std::vector<data::VectorHit> hits_of(const Request& request, std::span<const float> query,
                                         std::vector<vector::Neighbour> nearest) const;

    const data::VectorColumn id_;
    const std::string path_;
    async::Turnstile reading_line_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::int64_t> last_use_{0};

    mutable std::mutex queue_mutex_;
    Freshness freshness_ = Freshness::Unread;
    std::deque<std::shared_ptr<const data::ChangeSet>> queue_;
    std::size_t queued_changes_ = 0;

    mutable FairSharedMutex mutex_;  // for all that follows
    ColumnShape shape_;
    std::shared_ptr<ColumnVectors> vectors_;  // null until a row or the type tells the dimensions
    std::unordered_set<std::int64_t> bad_rows_;
    std::unordered_set<std::int64_t> bad_seen_;  // by the reading under way
    std::optional<data::ChangeMark> position_;
    std::size_t changed_ = 0;          // rows, since the vectors were stored
    std::vector<std::uint64_t> seen_;  // by the reading under way
    std::optional<data::HnswParameters> wanted_;
    std::unique_ptr<HnswGraph> graph_;
    std::vector<std::uint64_t> in_graph_;
    std::vector<std::uint64_t> pending_;
    std::deque<Slot> pending_order_;  // may hold slots that are pending no more
    std::size_t pending_count_ = 0;
    std::vector<Slot> dead_;  // slots that cannot be used again yet
    std::size_t dead_nodes_ = 0;
    bool building_ = false;
    std::size_t unsaved_ = 0;  // changes of the graph since it was stored
    std::atomic<std::size_t> built_{0};
    std::atomic<std::size_t> to_build_{0};
    std::optional<double> recall_;
    std::string index_name_;

    mutable std::mutex storing_;  // before mutex_; for what follows
    ColumnStore store_;
    std::atomic<std::size_t> blocks_written_{0};
};

}  // namespace zs::usearch
