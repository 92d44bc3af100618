#include "adapters/usearch/usearch_vector_indexes.hpp"

#include "adapters/usearch/column_reader.hpp"
#include "adapters/usearch/limits.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "core/data/limits.hpp"
#include "vector/kernels.hpp"

#include <algorithm>
#include <sys/resource.h>
#include <thread>

namespace zs::usearch {
namespace {

using data::VectorColumn;
using data::VectorIndexDefinition;

constexpr std::chrono::seconds kReadingTime{300};

VectorColumn column_of(const identity::Tenant& tenant, const VectorIndexDefinition& definition) {
    VectorColumn column;
    column.tenant = tenant;
    column.table = definition.table;
    column.column = definition.column;
    return column;
}

// What is built in the background gives way to what somebody waits for.
void be_modest() {
    thread_local const int done = ::setpriority(PRIO_PROCESS, 0, 10);
    (void)done;
}

struct SearchMetrics {
    metrics::Counter& searches =
        metrics::counter("hnsw_searches_total", "Searches of vector indexes.");
    metrics::Counter& walks =
        metrics::counter("hnsw_graph_walks_total", "Searches that walked a graph, not the rows.");
    metrics::Histogram& seconds =
        metrics::histogram("hnsw_search_duration_seconds", "Run time of vector index searches.",
                           metrics::duration_bounds());
    metrics::Gauge& recall = metrics::gauge(
        "vector_recall", "Share of the true neighbours that the index checked last finds.");
    metrics::Gauge& rows = metrics::gauge("vector_rows", "Vectors of columns in memory.");
    metrics::Gauge& pending =
        metrics::gauge("vector_pending_rows", "Indexed vectors that are not in a graph yet.");
    metrics::Gauge& bytes =
        metrics::gauge("vector_memory_bytes", "Memory of vectors of columns and their graphs.");
};
SearchMetrics& search_metrics() {
    static SearchMetrics all;
    return all;
}

}  // namespace

UsearchVectorIndexes::UsearchVectorIndexes(data::SqlEngine& engine, data::ChangeFeed& feed,
                                           data::VectorDefinitions& definitions,
                                           VectorOptions options)
    : engine_(engine),
      feed_(feed),
      store_(definitions),
      options_(std::move(options)),
      registry_(std::make_shared<ColumnRegistry>(
          [this](const LiveColumnPtr& column) { schedule_merge(column); })),
      searchers_("vector", {.threads = options_.search_threads, .queue_max = options_.queue_max}),
      builders_("vector-build",
                {.threads = options_.build_threads, .queue_max = options_.queue_max}) {
    const std::string_view target = vector::target_name();
    if (target == "SCALAR" || target == "EMU128") {
        log::error(
            "vectors are compared without vector instructions, which takes many times as "
            "long: this processor has none that the program knows",
            {{"target", target}});
    }
}

UsearchVectorIndexes::~UsearchVectorIndexes() {
    if (listens_) feed_.unsubscribe(registry_);
    registry_->close();
    for (const LiveColumnPtr& column : registry_->all())
        store_blocking(column);
}

// Writes pay for change capture only where somebody uses vectors.
void UsearchVectorIndexes::listen() {
    std::call_once(listening_, [this] {
        feed_.subscribe(registry_);
        listens_ = true;
    });
}

async::Task<Result<DefinitionsPtr>> UsearchVectorIndexes::definitions_of(identity::Tenant tenant) {
    listen();
    std::uint64_t generation = 0;
    if (auto known = registry_->definitions(tenant, generation)) co_return known;
    auto read = co_await store_.list_definitions(tenant);
    if (!read) co_return std::move(read).error();
    DefinitionsPtr definitions = std::make_shared<const Definitions>(std::move(*read));
    registry_->remember(tenant, generation, definitions);
    co_return definitions;
}

async::Task<Result<VectorIndexDefinition>> UsearchVectorIndexes::definition_of(
    VectorColumn column) {
    auto definitions = co_await definitions_of(column.tenant);
    if (!definitions) co_return std::move(definitions).error();
    for (const auto& definition : **definitions) {
        if (equals_ignoring_case(definition.table, column.table)
            && equals_ignoring_case(definition.column, column.column)) {
            co_return definition;
        }
    }
    co_return not_found("there is no index on " + column.table + "." + column.column,
                        "no_such_index");
}

async::Task<Result<LiveColumnPtr>> UsearchVectorIndexes::open(VectorColumn column) {
    listen();
    VectorColumn key = key_of(column);
    if (auto known = registry_->find(key)) co_return known;
    auto shape = co_await look_at_column(engine_, std::move(column));
    if (!shape) co_return std::move(shape).error();
    co_return registry_->keep(std::make_shared<LiveColumn>(std::move(key), std::move(*shape)));
}

async::Task<Result<LiveColumnPtr>> UsearchVectorIndexes::open_current(VectorColumn column,
                                                                      async::Deadline deadline) {
    auto opened = co_await open(std::move(column));
    if (!opened) co_return std::move(opened).error();
    if ((*opened)->is_current()) co_return opened;
    auto read = co_await read_column(engine_, searchers_, *opened, deadline);
    if (read) co_return opened;
    // A table or column that is gone is not kept.
    if (read.error().code == ErrorCode::NotFound) registry_->remove(*opened);
    co_return std::move(read).error();
}

async::Task<Result<data::VectorAnswer>> UsearchVectorIndexes::answer(
    data::VectorQuery query, Wish wish, std::optional<data::HnswParameters> wanted) {
    const auto shared = std::make_shared<const data::VectorQuery>(std::move(query));
    for (int attempt = 0; attempt < limits::kReloadsMax; ++attempt) {
        auto column = co_await open_current(shared->column, shared->deadline);
        if (!column) co_return std::move(column).error();
        auto work = [this, column = *column, shared, wish, wanted] {
            if (wanted && column->want_graph_blocking(wanted)) schedule_build(column);
            return column->search_blocking(*shared, wish);
        };
        auto found = co_await searchers_.run(std::move(work));
        if (!found) co_return std::move(found).error();
        if (*found) co_return std::move(**found);
    }
    co_return unavailable(
        "the table changes faster than its vectors can be read: retry in a "
        "moment");
}

async::Task<Result<data::VectorAnswer>> UsearchVectorIndexes::search(data::VectorQuery query) {
    const auto begun = std::chrono::steady_clock::now();
    auto definition = co_await definition_of(query.column);
    if (!definition) co_return std::move(definition).error();
    query.metric = definition->parameters.metric;
    auto found = co_await answer(std::move(query), Wish::Graph, definition->parameters);
    SearchMetrics& counted = search_metrics();
    counted.searches.add();
    if (found && found->plan == data::VectorPlan::Graph) counted.walks.add();
    const auto took = std::chrono::steady_clock::now() - begun;
    counted.seconds.observe(std::chrono::duration<double>(took).count());
    co_return found;
}

Result<std::optional<data::VectorAnswer>> UsearchVectorIndexes::search_now_blocking(
    const data::VectorQuery& query) {
    using Answer = std::optional<data::VectorAnswer>;
    const auto begun = std::chrono::steady_clock::now();
    std::uint64_t generation = 0;
    const DefinitionsPtr definitions = registry_->definitions(query.column.tenant, generation);
    const LiveColumnPtr column = registry_->find(key_of(query.column));
    if (!definitions || !column) return Answer();
    const auto definition = std::ranges::find_if(*definitions, [&](const auto& candidate) {
        return equals_ignoring_case(candidate.table, query.column.table)
               && equals_ignoring_case(candidate.column, query.column.column);
    });
    if (definition == definitions->end()) return Answer();
    if (column->want_graph_blocking(definition->parameters)) schedule_build(column);
    auto found = column->search_blocking(query, Wish::Graph);
    if (!found || !*found) return found;
    SearchMetrics& counted = search_metrics();
    counted.searches.add();
    if ((*found)->plan == data::VectorPlan::Graph) counted.walks.add();
    const auto took = std::chrono::steady_clock::now() - begun;
    counted.seconds.observe(std::chrono::duration<double>(took).count());
    return found;
}

async::Task<Result<data::VectorAnswer>> UsearchVectorIndexes::scan(data::VectorQuery query) {
    co_return co_await answer(std::move(query), Wish::Scan, std::nullopt);
}

async::Task<Result<data::VectorTable>> UsearchVectorIndexes::table(VectorColumn column,
                                                                   data::ColumnUse use) {
    if (use == data::ColumnUse::Indexed) {
        auto definition = co_await definition_of(column);
        if (!definition) co_return std::move(definition).error();
    }
    auto opened = co_await open_current(std::move(column), async::Deadline::after(kReadingTime));
    if (!opened) co_return std::move(opened).error();
    co_return (*opened)->table();
}

async::Task<Result<void>> UsearchVectorIndexes::check_new(LiveColumnPtr column,
                                                          VectorIndexDefinition definition) {
    auto known = co_await definitions_of(column->id().tenant);
    if (!known) co_return std::move(known).error();
    std::size_t others = 0;
    for (const auto& other : **known) {
        if (other.table == definition.table && other.column == definition.column) continue;
        ++others;
        if (equals_ignoring_case(other.name, definition.name)) {
            co_return conflict(
                "there is an index '" + other.name + "' on " + other.table + "." + other.column,
                "index_exists");
        }
    }
    if (others >= data::limits::kVectorIndexesMax) {
        co_return exhausted("an environment has at most "
                                + std::to_string(data::limits::kVectorIndexesMax)
                                + " vector indexes",
                            "too_many_indexes");
    }
    auto look = [column]() -> Result<data::VectorIndexStats> { return column->stats_blocking({}); };
    auto stats = co_await searchers_.run(std::move(look));
    if (!stats) co_return std::move(stats).error();
    if (stats->info.rows == 0 && stats->skipped > 0) {
        co_return invalid_argument("the column '" + definition.column + "' holds no vectors",
                                   "not_a_vector");
    }
    co_return Result<void>();
}

async::Task<Result<data::VectorBuild>> UsearchVectorIndexes::build(identity::Tenant tenant,
                                                                   VectorIndexDefinition definition,
                                                                   data::BuildWait wait) {
    const auto begun = std::chrono::steady_clock::now();
    auto opened =
        co_await open_current(column_of(tenant, definition), async::Deadline::after(kReadingTime));
    if (!opened) co_return std::move(opened).error();
    const LiveColumnPtr column = *opened;
    const data::VectorTable names = column->table();
    definition.table = names.table;
    definition.column = names.column;
    if (definition.name.empty()) definition.name = names.table + "_" + names.column + "_hnsw";
    auto checked = co_await check_new(column, definition);
    if (!checked) co_return std::move(checked).error();
    data::VectorBuild made;
    made.replaced = (co_await definition_of(column_of(tenant, definition))).has_value();
    auto kept = co_await store_.put_definition(tenant, definition);
    if (!kept) co_return std::move(kept).error();
    registry_->forget_definitions(tenant);
    auto start = [column, wanted = definition.parameters,
                  path = snapshot_path(column->id())]() -> Result<void> {
        remove_snapshot_blocking(path);
        column->want_graph_blocking(std::nullopt);
        column->want_graph_blocking(wanted);
        return {};
    };
    auto started = co_await searchers_.run(std::move(start));
    if (!started) co_return std::move(started).error();
    if (wait == data::BuildWait::UntilReady) {
        auto work = [this, column] { return build_now_blocking(column); };
        auto built = co_await builders_.run(std::move(work));
        if (!built) co_return std::move(built).error();
    } else {
        schedule_build(column);
    }
    auto stats = co_await stats_of(definition, tenant);
    if (!stats) co_return std::move(stats).error();
    made.info = stats->info;
    made.took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begun);
    co_return made;
}

async::Task<Result<data::VectorIndexStats>> UsearchVectorIndexes::stats_of(
    VectorIndexDefinition definition, identity::Tenant tenant) {
    auto opened =
        co_await open_current(column_of(tenant, definition), async::Deadline::after(kReadingTime));
    if (!opened) co_return std::move(opened).error();
    auto look = [this, column = *opened, definition]() -> Result<data::VectorIndexStats> {
        if (column->want_graph_blocking(definition.parameters)) schedule_build(column);
        return column->stats_blocking(definition);
    };
    co_return co_await searchers_.run(std::move(look));
}

async::Task<Result<std::vector<data::VectorIndexInfo>>> UsearchVectorIndexes::list(
    identity::Tenant tenant) {
    auto definitions = co_await definitions_of(tenant);
    if (!definitions) co_return std::move(definitions).error();
    std::vector<data::VectorIndexInfo> out;
    for (const auto& definition : **definitions) {
        auto stats = co_await stats_of(definition, tenant);
        // A table that was dropped a moment ago.
        if (!stats && stats.error().code == ErrorCode::NotFound) continue;
        if (!stats) co_return std::move(stats).error();
        out.push_back(std::move(stats->info));
    }
    co_return out;
}

async::Task<Result<data::VectorIndexStats>> UsearchVectorIndexes::stats(VectorColumn column) {
    auto definition = co_await definition_of(column);
    if (!definition) co_return std::move(definition).error();
    co_return co_await stats_of(std::move(*definition), column.tenant);
}

async::Task<Result<void>> UsearchVectorIndexes::drop(VectorColumn column) {
    auto definition = co_await definition_of(column);
    if (!definition) co_return std::move(definition).error();
    auto removed = co_await store_.remove_definition(column_of(column.tenant, *definition));
    if (!removed) co_return removed;
    registry_->forget_definitions(column.tenant);
    const LiveColumnPtr live = registry_->find(key_of(column));
    auto forget = [live, path = snapshot_path(column)]() -> Result<void> {
        if (live) live->want_graph_blocking(std::nullopt);
        remove_snapshot_blocking(path);
        return {};
    };
    co_return co_await searchers_.run(std::move(forget));
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
    const std::string path = snapshot_path(column->id());
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
    if (const auto recall = column->check_recall_blocking()) search_metrics().recall.set(*recall);
    return {};
}

void UsearchVectorIndexes::store_blocking(const LiveColumnPtr& column) {
    if (options_.folder.empty()) return;
    const std::lock_guard one_at_a_time(storing_);
    auto snapshot = column->snapshot_blocking();
    Result<void> stored;
    if (snapshot && *snapshot) {
        stored = write_snapshot_blocking(snapshot_path(column->id()), **snapshot);
    } else if (!snapshot) {
        stored = std::move(snapshot).error();
    }
    if (!stored) log::warn("a graph was not stored", {{"reason", stored.error().message}});
}

// Names of users are no file names: hashes of them are.
std::string UsearchVectorIndexes::snapshot_path(const VectorColumn& column) const {
    const VectorColumn key = key_of(column);
    constexpr std::size_t digits = 32;
    const auto name = [&](const std::string& a, const std::string& b) {
        return to_hex(sha256(std::to_string(a.size()) + ":" + a + b)).substr(0, digits);
    };
    return options_.folder + "/" + name(key.tenant.org_id, key.tenant.env_slug) + "/"
           + name(key.table, key.column) + ".graph";
}

Result<void> UsearchVectorIndexes::build_now_blocking(const LiveColumnPtr& column) {
    be_modest();
    auto built = column->build_blocking();
    if (!built) return built;
    schedule_merge(column);
    store_blocking(column);
    if (const auto recall = column->check_recall_blocking()) search_metrics().recall.set(*recall);
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

void UsearchVectorIndexes::schedule_merge(const LiveColumnPtr& column) {
    if (column->merge_scheduled.exchange(true)) return;
    auto work = [this, column] {
        be_modest();
        column->merge_scheduled = false;
        const auto merged = column->merge_blocking();
        if (!merged) {
            log::warn("vectors wait outside their index", {{"reason", merged.error().message}});
        } else if (*merged) {
            schedule_rebuild(column);
        }
        if (column->wants_snapshot()) store_blocking(column);
        note_sizes();
    };
    if (!builders_.try_post(std::move(work))) column->merge_scheduled = false;
}

void UsearchVectorIndexes::note_sizes() {
    double rows = 0;
    double pending = 0;
    double bytes = 0;
    for (const LiveColumnPtr& column : registry_->all()) {
        const auto sizes = column->sizes_blocking();
        rows += static_cast<double>(sizes.rows);
        pending += static_cast<double>(sizes.pending);
        bytes += static_cast<double>(sizes.bytes);
    }
    SearchMetrics& noted = search_metrics();
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
        return *merged ? build_now_blocking(live) : Result<void>();
    };
    co_return co_await builders_.run(std::move(work));
}

}  // namespace zs::usearch
