#include "adapters/usearch/usearch_vector_indexes.hpp"

#include "adapters/usearch/column_reader.hpp"
#include "adapters/usearch/index_metrics.hpp"
#include "adapters/usearch/limits.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"
#include "core/data/limits.hpp"
#include "vector/kernels.hpp"

#include <algorithm>

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

}  // namespace

UsearchVectorIndexes::UsearchVectorIndexes(data::SqlEngine& engine, data::ChangeFeed& feed,
                                           data::VectorDefinitions& definitions,
                                           VectorOptions options, data::ChangeJournal* journal)
    : engine_(engine),
      feed_(feed),
      store_(definitions),
      journal_(journal),
      options_(std::move(options)),
      registry_(std::make_shared<ColumnRegistry>(
          [this](const LiveColumnPtr& column) { schedule_merge(column); })),
      searchers_("vector", {.threads = options_.search_threads, .queue_max = options_.queue_max}),
      crew_(searchers_, options_.search_threads),
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
    stop();
    const std::lock_guard hold(listening_);
    if (listens_) feed_.unsubscribe(registry_);
    registry_->close();
    for (const LiveColumnPtr& column : registry_->all()) {
        store_graph_blocking(column);
        if (column->wants_store()) store_vectors_blocking(column);
    }
}

void UsearchVectorIndexes::stop() {
    stopping_.request_stop();
}

// Writes pay for change capture only where somebody uses vectors.
void UsearchVectorIndexes::listen() {
    if (listens_) return;
    const std::lock_guard hold(listening_);
    if (listens_) return;
    feed_.subscribe(registry_);
    listens_ = true;
    index_metrics().listening.set(1);
}

async::Task<Result<DefinitionsPtr>> UsearchVectorIndexes::definitions_of(identity::Tenant tenant) {
    std::uint64_t generation = 0;
    if (auto known = registry_->definitions(tenant, generation)) co_return known;
    // After the look: whoever stops listening forgets the definitions first.
    listen();
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

// Listens again after the column is known: from then on nobody stops listening while it is there.
async::Task<Result<LiveColumnPtr>> UsearchVectorIndexes::open(VectorColumn column) {
    VectorColumn key = key_of(column);
    if (auto known = registry_->find(key)) {
        listen();
        co_return known;
    }
    auto shape = co_await look_at_column(engine_, std::move(column));
    if (!shape) co_return std::move(shape).error();
    std::string path = options_.folder.empty() ? std::string() : vectors_path(key);
    auto kept = registry_->keep(
        std::make_shared<LiveColumn>(std::move(key), std::move(*shape), std::move(path)));
    listen();
    co_return kept;
}

async::Task<Result<LiveColumnPtr>> UsearchVectorIndexes::open_current(VectorColumn column,
                                                                      async::Deadline deadline,
                                                                      Placement placement) {
    auto opened = co_await open(std::move(column));
    if (!opened) co_return std::move(opened).error();
    if ((*opened)->is_current()) co_return opened;
    const ColumnSources sources{engine_, journal_, searchers_};
    ReadingTerms terms;
    terms.placement = placement;
    terms.deadline = deadline;
    terms.cancelled = stopping_.get_token();
    auto read = co_await read_column(sources, *opened, std::move(terms));
    if (read) {
        schedule_merge(*opened);
        co_return opened;
    }
    // A table or column that is gone is not kept.
    if (read.error().code == ErrorCode::NotFound) registry_->remove(*opened);
    co_return std::move(read).error();
}

async::Task<Result<data::VectorAnswer>> UsearchVectorIndexes::answer(
    data::VectorQuery query, Wish wish, std::optional<VectorIndexDefinition> wanted) {
    const auto placement = wanted ? Placement::Copied : Placement::Mapped;
    const auto shared = std::make_shared<const data::VectorQuery>(std::move(query));
    for (int attempt = 0; attempt < limits::kReloadsMax; ++attempt) {
        auto column = co_await open_current(shared->column, shared->deadline, placement);
        if (!column) co_return std::move(column).error();
        auto work = [this, column = *column, shared, wish, wanted] {
            if (wanted) want_graph_blocking(column, *wanted);
            return column->search_blocking(*shared, wish, &crew_);
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
    auto found = co_await answer(std::move(query), Wish::Graph, *definition);
    IndexMetrics& counted = index_metrics();
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
    want_graph_blocking(column, *definition);
    auto found = column->search_blocking(query, Wish::Graph);
    if (!found || !*found) return found;
    IndexMetrics& counted = index_metrics();
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
    const auto placement = use == data::ColumnUse::Indexed ? Placement::Copied : Placement::Mapped;
    auto opened =
        co_await open_current(std::move(column), async::Deadline::after(kReadingTime), placement);
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
    auto opened = co_await open_current(column_of(tenant, definition),
                                        async::Deadline::after(kReadingTime), Placement::Copied);
    if (!opened) co_return std::move(opened).error();
    const LiveColumnPtr column = *opened;
    const data::VectorTable names = column->table();
    definition.table = names.table;
    definition.column = names.column;
    const auto known = co_await definition_of(column_of(tenant, definition));
    // Made anew without a name, it keeps its own.
    if (definition.name.empty()) {
        definition.name = known ? known->name : names.table + "_" + names.column + "_hnsw";
    }
    auto checked = co_await check_new(column, definition);
    if (!checked) co_return std::move(checked).error();
    data::VectorBuild made;
    made.replaced = known.has_value();
    auto kept = co_await store_.put_definition(tenant, definition);
    if (!kept) co_return std::move(kept).error();
    registry_->forget_definitions(tenant);
    auto start = [column, wanted = definition.parameters, name = definition.name,
                  path = graph_path(tenant, definition.name)]() -> Result<void> {
        remove_snapshot_blocking(path);
        column->name_index(name);
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
    auto opened = co_await open_current(column_of(tenant, definition),
                                        async::Deadline::after(kReadingTime), Placement::Copied);
    if (!opened) co_return std::move(opened).error();
    auto look = [this, column = *opened, definition]() -> Result<data::VectorIndexStats> {
        want_graph_blocking(column, definition);
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
    auto forget = [this, live, key = key_of(column),
                   path = graph_path(column.tenant, definition->name)]() -> Result<void> {
        remove_snapshot_blocking(path);
        if (live) {
            live->want_graph_blocking(std::nullopt);
            live->name_index({});
            return {};
        }
        // It left the memory before: nothing else comes by its files and its table's history.
        if (!options_.folder.empty()) remove_column_files_blocking(vectors_path(key));
        unfollow_when_unused_blocking(key);
        stop_listening_when_unused();
        return {};
    };
    co_return co_await searchers_.run(std::move(forget));
}

}  // namespace zs::usearch
