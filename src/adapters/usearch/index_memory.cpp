#include "adapters/usearch/index_metrics.hpp"
#include "adapters/usearch/limits.hpp"
#include "adapters/usearch/usearch_vector_indexes.hpp"
#include "async/sleep.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <unistd.h>
#include <utility>

// What is in memory and on disk, and what leaves again.
namespace zs::usearch {
namespace {

using data::VectorColumn;

constexpr std::chrono::seconds kReadingTime{300};

// Waits for a coroutine on this thread, which is one that may wait.
template <class T>
T wait_blocking(async::Task<T> task) {
    boost::asio::io_context loop;
    auto answer = boost::asio::co_spawn(loop, std::move(task), boost::asio::use_future);
    loop.run();
    return answer.get();
}

std::size_t half_of_the_machine() {
    const auto pages = static_cast<std::size_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
    const auto bytes = static_cast<std::size_t>(std::max(0L, ::sysconf(_SC_PAGE_SIZE)));
    return pages * bytes / 2;
}

std::size_t budget_of(const VectorOptions& options) {
    return options.memory_bytes_max == 0 ? half_of_the_machine() : options.memory_bytes_max;
}

std::chrono::steady_clock::duration unused_for(const LiveColumn& column) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return now - std::chrono::steady_clock::duration(column.last_use());
}

bool is_same_table(const VectorColumn& a, const VectorColumn& b) {
    return a.tenant == b.tenant && a.table == b.table;
}

}  // namespace

void UsearchVectorIndexes::store_vectors_blocking(const LiveColumnPtr& column) {
    if (options_.folder.empty()) return;
    std::optional<data::ChangeMark> followed;
    if (journal_ != nullptr) {
        auto mark = wait_blocking(journal_->follow(column->id().tenant, column->id().table));
        if (!mark) {
            log::warn("vectors were not stored", {{"reason", mark.error().message}});
            return;
        }
        followed = *mark;
    }
    const std::size_t before = column->blocks_written();
    const auto stored = column->store_blocking(followed);
    index_metrics().blocks.add(static_cast<double>(column->blocks_written() - before));
    if (!stored) {
        log::warn("vectors were not stored", {{"reason", stored.error().message}});
        return;
    }
    index_metrics().stores.add();
    trim_journal_blocking(column);
}

// What every column of the table has on disk does not have to be told again.
void UsearchVectorIndexes::trim_journal_blocking(const LiveColumnPtr& column) {
    if (journal_ == nullptr) return;
    std::optional<data::ChangeMark> first;
    for (const LiveColumnPtr& other : registry_->all()) {
        if (!is_same_table(other->id(), column->id())) continue;
        const auto mark = other->stored_position();
        if (mark && (!first || mark->number < first->number)) first = mark;
    }
    if (!first) return;
    auto trimmed = wait_blocking(journal_->trim(column->id().tenant, column->id().table, *first));
    if (!trimmed) log::warn("a history was not cut", {{"reason", trimmed.error().message}});
}

async::Task<> UsearchVectorIndexes::run_sweeps() {
    const auto every = std::clamp(options_.idle_max, std::chrono::seconds(1), limits::kSweepEvery);
    while (true) {
        co_await async::sleep_for(every);
        auto sweep = [this]() -> Result<void> {
            sweep_blocking();
            return {};
        };
        (void)co_await builders_.run(std::move(sweep));
    }
}

void UsearchVectorIndexes::sweep_blocking() {
    auto columns = registry_->all();
    std::ranges::sort(columns, {}, [](const LiveColumnPtr& each) { return each->last_use(); });
    std::size_t bytes = 0;
    for (const LiveColumnPtr& column : columns)
        bytes += column->sizes_blocking().bytes;
    const std::size_t budget = budget_of(options_);
    for (LiveColumnPtr& column : columns) {
        const bool is_idle = unused_for(*column) >= options_.idle_max;
        if (!is_idle && bytes <= budget) break;
        const std::size_t size = column->sizes_blocking().bytes;
        if (evict_blocking(std::move(column))) bytes -= std::min(bytes, size);
    }
    columns.clear();
    stop_listening_when_unused();
    note_sizes();
}

// An index comes back from its files. Vectors that nobody indexed are not worth what writes pay for
// their history.
bool UsearchVectorIndexes::evict_blocking(LiveColumnPtr column) {
    if (column->is_building()) return false;
    const bool is_indexed = !column->index_name().empty();
    if (is_indexed) {
        store_graph_blocking(column);
        if (column->wants_store()) store_vectors_blocking(column);
    }
    if (!registry_->remove_unused(column)) return false;
    index_metrics().evictions.add();
    if (is_indexed) return true;
    column->remove_files_blocking();
    unfollow_when_unused_blocking(column->id());
    return true;
}

// Neither a column of the table that is in memory nor an index that comes back has a use for its
// history.
void UsearchVectorIndexes::unfollow_when_unused_blocking(const VectorColumn& column) {
    if (journal_ == nullptr) return;
    for (const LiveColumnPtr& other : registry_->all()) {
        if (is_same_table(other->id(), column)) return;
    }
    const auto definitions = wait_blocking(definitions_of(column.tenant));
    if (!definitions) return;
    for (const auto& definition : **definitions) {
        if (equals_ignoring_case(definition.table, column.table)) return;
    }
    (void)wait_blocking(journal_->unfollow(column.tenant, column.table));
}

// Whoever opens a column meanwhile looks at `listens_` after the column is in the registry.
void UsearchVectorIndexes::stop_listening_when_unused() {
    const std::lock_guard hold(listening_);
    if (!listens_) return;
    listens_ = false;
    if (!registry_->forget_all_when_empty()) {
        listens_ = true;
        return;
    }
    feed_.unsubscribe(registry_);
    index_metrics().listening.set(0);
}

// The latest first, and no more than there is memory for.
std::vector<VectorColumn> UsearchVectorIndexes::stored_columns_blocking() const {
    namespace fs = std::filesystem;
    std::error_code error;
    std::vector<fs::directory_entry> files;
    std::map<std::string, std::size_t> bytes_of;  // of blocks, by the name they share
    for (const auto& entry : fs::recursive_directory_iterator(options_.folder, error)) {
        const fs::path& path = entry.path();
        if (path.extension() == ".column") files.push_back(entry);
        if (path.extension() == ".blocks") {
            bytes_of[path.stem().stem().string()] += entry.file_size(error);
        }
    }
    std::ranges::sort(files, [&](const auto& a, const auto& b) {
        return a.last_write_time(error) > b.last_write_time(error);
    });
    std::vector<VectorColumn> out;
    std::size_t bytes = 0;
    for (const auto& file : files) {
        bytes += bytes_of[file.path().stem().string()];
        if (out.size() >= limits::kWarmColumnsMax || bytes > budget_of(options_)) break;
        auto image = read_image_blocking(file.path().string());
        if (image && *image) out.push_back(std::move((*image)->column));
        if (!image) remove_column_files_blocking(file.path().string());
    }
    return out;
}

async::Task<> UsearchVectorIndexes::warm() {
    if (options_.folder.empty()) co_return;
    auto look = [this]() -> Result<std::vector<VectorColumn>> { return stored_columns_blocking(); };
    auto columns = co_await builders_.run(std::move(look));
    if (!columns) co_return;
    for (const VectorColumn& column : *columns) {
        if (stopping_.stop_requested()) co_return;
        co_await warm_column(column);
    }
}

async::Task<> UsearchVectorIndexes::warm_column(VectorColumn column) {
    bool is_there = true;
    if (journal_ != nullptr) {
        const auto exists = co_await journal_->has_database(column.tenant);
        is_there = !exists || *exists;
    }
    if (is_there) {
        auto definition = co_await definition_of(column);
        const auto placement = definition ? Placement::Copied : Placement::Mapped;
        const auto deadline = async::Deadline::after(kReadingTime);
        auto opened = co_await open_current(column, deadline, placement);
        if (opened && definition) {
            auto want = [this, live = *opened, wanted = *definition]() -> Result<void> {
                want_graph_blocking(live, wanted);
                return {};
            };
            (void)co_await searchers_.run(std::move(want));
        }
        is_there = opened || opened.error().code != ErrorCode::NotFound;
    }
    if (is_there) co_return;
    auto forget = [path = vectors_path(column)]() -> Result<void> {
        remove_column_files_blocking(path);
        return {};
    };
    (void)co_await builders_.run(std::move(forget));
}

}  // namespace zs::usearch
