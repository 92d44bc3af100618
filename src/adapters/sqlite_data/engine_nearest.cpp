// Searches for the nearest rows by an index. The statement is run for the candidates the index
// gives, and again for more of them when too few passed its filter; nobody has been given a row by
// then. What an index cannot answer as fully is left to the statement that compares every row.
#include "adapters/sqlite_data/candidate_count.hpp"
#include "adapters/sqlite_data/engine_execution.hpp"
#include "adapters/sqlite_data/vector_index_statement.hpp"
#include "adapters/sqlite_data/vector_sugar.hpp"
#include "core/data/limits.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>

namespace zs::sqlite_data {
namespace {

std::string explanation(const KnownIndex& index) {
    return "USING HNSW INDEX " + index.definition.name + " ON " + index.definition.table + "("
           + index.definition.column + ")";
}

}  // namespace

// Outside of transactions such a statement does not come here.
Result<void> EngineConnection::refuse_drop(const std::string& sql) const {
    if (!may_be_index_statement(sql)) return {};
    const auto statement = read_index_statement(sql);
    const bool drops = statement && *statement && (*statement)->kind == IndexStatement::Kind::Drop;
    if (!drops || known_indexes_.find_named((*statement)->definition.name) == nullptr) return {};
    return invalid_argument("the vector index '" + (*statement)->definition.name
                                + "' is dropped by a statement of its own, outside of "
                                  "transactions: send it to POST /v1/sql",
                            "sql_error");
}

struct EngineConnection::NearestArguments {
    std::vector<float> query;
    std::size_t rows = 0;         // LIMIT + OFFSET
    std::int64_t table_rows = 0;  // about: the greatest row id
};

std::unique_ptr<NearestPlan> EngineConnection::compile_nearest(NearestSql nearest,
                                                               const data::SqlRequest& request) {
    const KnownIndex* const index = known_indexes_.find(nearest.table, nearest.column);
    const bool fits = index != nullptr && nearest_.has_indexes()
                      && index->definition.parameters.metric == nearest.metric
                      && index->row_id == nearest.row_id
                      && (nearest.alias.empty() || !index->has_column(nearest.alias));
    if (!fits) return nullptr;
    authorizer_.enter(*request.rights, request.sql);
    authorizer_.allow_rewritten();
    control_.begin(request);
    nearest_tables_.explain_as(explanation(*index));
    RewrittenSql none;
    auto statement = connection_.prepare(nearest.text.text());
    auto arguments = prepare_text(nearest.arguments, none);
    control_.end();
    authorizer_.leave();
    // Whatever is wrong with them, the statement that compares every row is right.
    (void)authorizer_.take_denial();
    vector_functions_.forget_error();
    if (!statement || !arguments || !statement->read_only()) return nullptr;
#if SQLITE_VERSION_NUMBER >= 3043000
    if (statement->is_explain()) sqlite3_stmt_explain(statement->handle(), 2);
#endif
    NearestPlan plan = {.index = *index,
                        .filtered = nearest.filtered,
                        .statement = std::move(*statement),
                        .columns = ResultColumns(std::move(nearest.text)),
                        .arguments = std::move(*arguments)};
    if (plan.filtered) plan.passing = CandidateCount::kFirstGuess;
    return std::make_unique<NearestPlan>(std::move(plan));
}

// Empty: nothing an index could be asked.
std::optional<EngineConnection::NearestArguments> EngineConnection::read_arguments(
    NearestPlan& plan, const data::SqlRequest& request) {
    sqlite::Statement& row = plan.arguments;
    std::optional<NearestArguments> out;
    const auto bound = bind_some_parameters(row, request);
    const auto there = bound ? row.step() : Result<bool>(false);
    const bool complete = there && *there && row.column_type(0) == sqlite::ColumnType::Blob
                          && row.column_type(1) == sqlite::ColumnType::Integer
                          && row.column_type(2) == sqlite::ColumnType::Integer;
    if (complete) {
        const std::string_view bytes = row.blob(0);
        const std::int64_t limit = row.integer(1);
        const std::int64_t offset = std::max<std::int64_t>(row.integer(2), 0);
        const auto max = static_cast<std::int64_t>(data::limits::kVectorTopKMax);
        if (limit >= 1 && limit <= max && offset <= max - limit) {
            out.emplace();
            out->query.resize(bytes.size() / sizeof(float));
            std::memcpy(out->query.data(), bytes.data(), bytes.size());
            out->rows = static_cast<std::size_t>(limit + offset);
            out->table_rows = row.integer(3);
        }
    }
    row.reset();
    row.clear_bindings();
    vector_functions_.forget_error();
    return out;
}

Result<std::optional<data::SqlSummary>> EngineConnection::run_nearest(
    Prepared& prepared, const data::SqlRequest& request, data::RowSink* sink) {
    NearestPlan& plan = *prepared.nearest;
    const std::optional<data::SqlSummary> compare;
    if (!nearest_.may_search()) return compare;
    const Execution execution(*this, plan.statement, request);
    authorizer_.allow_rewritten();
    const auto wanted = read_arguments(plan, request);
    if (!wanted) return compare;
    if (plan.filtered) plan.table_rows = wanted->table_rows;
    CandidateCount count(wanted->rows, wanted->table_rows, plan.filtered);
    std::size_t candidates = count.first(plan.passing);
    while (candidates != 0) {
        auto hits = nearest_.find(plan.index, wanted->query, candidates, request.ef_search);
        if (nearest_.must_read()) return unavailable("the index is not in memory yet");
        if (!hits || !*hits) return compare;
        nearest_tables_.set_candidates(**hits);
        const auto row = first_step(plan.statement, plan.columns, request);
        // An error is told by the statement as it was written.
        if (!row) return compare;
        const std::size_t passed = nearest_tables_.counted();
        if (plan.filtered && !(*hits)->empty()) {
            plan.passing = CandidateCount::share(passed, (*hits)->size());
        }
        if (passed >= wanted->rows) {
            auto given = give_rows(prepared, plan.statement, plan.columns, *row, request, sink);
            if (!given) return translate(std::move(given).error());
            return std::optional<data::SqlSummary>(*given);
        }
        // There are no more: rows without a vector may come next.
        if ((*hits)->size() < candidates) return compare;
        plan.statement.reset();
        candidates = count.next(candidates, passed);
    }
    return compare;
}

// Every row was compared, which tells how many pass the filter: of those the distance was computed.
void EngineConnection::learn_from_comparing(NearestPlan& plan) const {
    if (plan.table_rows <= 0) return;
    plan.passing = CandidateCount::share(vector_functions_.distances(),
                                         static_cast<std::size_t>(plan.table_rows));
}

}  // namespace zs::sqlite_data
