#include "adapters/usearch/column_reader.hpp"
#include "adapters/usearch/index_metrics.hpp"
#include "adapters/usearch/limits.hpp"
#include "adapters/usearch/usearch_vector_indexes.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <sys/resource.h>
#include <thread>

// What happens to columns and graphs when nobody waits for it.
namespace zs::usearch {
namespace {

using data::VectorColumn;

constexpr std::chrono::seconds kReadingTime{300};

// What is built in the background gives way to what somebody waits for.
void be_modest() {
    thread_local const int done = ::setpriority(PRIO_PROCESS, 0, 10);
    (void)done;
}

std::size_t build_threads() {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    return std::min(cores, limits::kBuildThreadsMax);
}

}  // namespace

void UsearchVectorIndexes::want_graph_blocking(const LiveColumnPtr& column,
                                               const data::VectorIndexDefinition& definition) {
    column->name_index(definition.name);
    if (column->want_graph_blocking(definition.parameters)) schedule_build(column);
}

// The labelled one tells indexes apart by a tag, as names of users are no labels.
void UsearchVectorIndexes::check_recall_blocking(const LiveColumnPtr& column) {
    const auto recall = column->check_recall_blocking();
    if (!recall) return;
    constexpr std::size_t digits = 12;
    const std::string file = graph_path(column->id().tenant, column->index_name());
    const std::string tag = to_hex(sha256(file)).substr(0, digits);
    index_metrics().recall.set(*recall);
    metrics::gauge("vector_index_recall", "Share of the true neighbours that an index finds.",
                   {{"index", tag}})
        .set(*recall);
    log::info("a vector index was checked",
              {{"index", column->index_name()}, {"tag", tag}, {"recall", std::to_string(*recall)}});
}

void UsearchVectorIndexes::schedule_build(const LiveColumnPtr& column) {
    if (column->build_scheduled.exchange(true)) return;
    auto work = [this, column] {
        column->build_scheduled = false;
        const auto built = restore_or_build_blocking(column);
        if (!built) log::warn("a vector index was not built", {{"reason", built.error().message}});
    };
    if (!builders_.try_post(std::move(work))) column->build_scheduled = false;
}

// A stored graph first; when that is of no use, a new one.
Result<void> UsearchVectorIndexes::restore_or_build_blocking(const LiveColumnPtr& column) {
    be_modest();
    if (!column->needs_graph()) return {};
    const std::string path = graph_path(column->id().tenant, column->index_name());
    auto stored = read_snapshot_blocking(path);
    bool restored = false;
    if (stored && *stored) {
        auto used = column->restore_blocking(**stored);
        restored = used && *used;
        if (!used) stored = std::move(used).error();
    }
    if (!stored) {
        log::warn("a stored graph is not used", {{"reason", stored.error().message}});
        remove_snapshot_blocking(path);
    }
    if (!restored && column->needs_graph()) return build_now_blocking(column);
    schedule_merge(column);
    check_recall_blocking(column);
    return {};
}

void UsearchVectorIndexes::store_graph_blocking(const LiveColumnPtr& column) {
    // One that is not current may be of a table that has another name now, and another column.
    if (options_.folder.empty() || !column->is_current()) return;
    const std::lock_guard one_at_a_time(storing_);
    auto snapshot = column->snapshot_blocking();
    Result<void> stored;
    if (snapshot && *snapshot) {
        stored = write_snapshot_blocking(graph_path(column->id().tenant, column->index_name()),
                                         **snapshot);
    } else if (!snapshot) {
        stored = std::move(snapshot).error();
    }
    if (!stored) log::warn("a graph was not stored", {{"reason", stored.error().message}});
}

// Names of users are no file names: hashes of them are.
std::string UsearchVectorIndexes::file_of(const identity::Tenant& tenant, const std::string& kind,
                                          const std::string& name) const {
    constexpr std::size_t digits = 32;
    const auto hashed = [](const std::string& a, const std::string& b) {
        return to_hex(sha256(std::to_string(a.size()) + ":" + a + b)).substr(0, digits);
    };
    return options_.folder + "/" + hashed(tenant.org_id, tenant.env_slug) + "/" + hashed(kind, name)
           + "." + kind;
}

std::string UsearchVectorIndexes::vectors_path(const VectorColumn& key) const {
    return file_of(key.tenant, "column",
                   std::to_string(key.table.size()) + ":" + key.table + key.column);
}

// By the index's name, which stays when its table or column is renamed.
std::string UsearchVectorIndexes::graph_path(const identity::Tenant& tenant,
                                             const std::string& index) const {
    return file_of(tenant, "graph", to_lower(index));
}

Result<void> UsearchVectorIndexes::build_now_blocking(const LiveColumnPtr& column) {
    be_modest();
    auto built = column->build_blocking(build_threads());
    if (!built) return built;
    schedule_merge(column);
    store_graph_blocking(column);
    check_recall_blocking(column);
    return {};
}

// Of a graph that serves: a stored one would be the same.
void UsearchVectorIndexes::schedule_rebuild(const LiveColumnPtr& column) {
    if (column->build_scheduled.exchange(true)) return;
    auto work = [this, column] {
        column->build_scheduled = false;
        const auto built = build_now_blocking(column);
        if (!built) log::warn("a vector index was not built", {{"reason", built.error().message}});
    };
    if (!builders_.try_post(std::move(work))) column->build_scheduled = false;
}

// What waits for its turn is no use of the column: it would keep one that is written to, and that
// nobody asks for, in memory for ever. A column that went meanwhile reads its changes when it comes
// back.
void UsearchVectorIndexes::schedule_merge(const LiveColumnPtr& scheduled) {
    if (scheduled->merge_scheduled.exchange(true)) return;
    auto work = [this, waiting = std::weak_ptr<LiveColumn>(scheduled)] {
        be_modest();
        const LiveColumnPtr column = waiting.lock();
        if (column == nullptr) return;
        column->merge_scheduled = false;
        const auto merged = column->merge_blocking();
        if (!merged) {
            log::warn("vectors wait outside their index", {{"reason", merged.error().message}});
        } else if (*merged) {
            schedule_rebuild(column);
        }
        if (column->wants_snapshot()) store_graph_blocking(column);
        if (column->wants_store()) store_vectors_blocking(column);
        note_sizes();
    };
    if (!builders_.try_post(std::move(work))) scheduled->merge_scheduled = false;
}

// One at a time: of two who note, the later one has looked later, too.
void UsearchVectorIndexes::note_sizes() {
    const std::lock_guard hold(noting_);
    double rows = 0;
    double pending = 0;
    double bytes = 0;
    for (const LiveColumnPtr& column : registry_->all()) {
        const auto sizes = column->sizes_blocking();
        rows += static_cast<double>(sizes.rows);
        pending += static_cast<double>(sizes.pending);
        bytes += static_cast<double>(sizes.bytes);
    }
    IndexMetrics& noted = index_metrics();
    noted.columns.set(static_cast<double>(registry_->all().size()));
    noted.rows.set(rows);
    noted.pending.set(pending);
    noted.bytes.set(bytes);
}

async::Task<Result<void>> UsearchVectorIndexes::settle(VectorColumn column) {
    auto opened = co_await open_current(column, async::Deadline::after(kReadingTime));
    if (!opened) co_return std::move(opened).error();
    auto work = [this, live = *opened]() -> Result<void> {
        auto made = restore_or_build_blocking(live);
        if (!made) return made;
        while (live->is_building())
            std::this_thread::yield();
        auto merged = live->merge_blocking();
        if (!merged) return std::move(merged).error();
        auto built = *merged ? build_now_blocking(live) : Result<void>();
        if (built && live->wants_store()) store_vectors_blocking(live);
        return built;
    };
    co_return co_await builders_.run(std::move(work));
}

}  // namespace zs::usearch
