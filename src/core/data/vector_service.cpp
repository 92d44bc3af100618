#include "core/data/vector_service.hpp"

#include "core/data/identifier.hpp"
#include "core/data/limits.hpp"
#include "core/data/row_lookup.hpp"
#include "core/data/vector_filter.hpp"
#include "vector/kernels.hpp"

#include <algorithm>

namespace zs::data {

using identity::Resource;
using identity::Right;

namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::size_t kIncludeMax = 100;
constexpr std::size_t kHitsMax = 1'000'000;  // of all queries together

Result<void> check_right(const identity::Principal& principal, Right right) {
    if (principal.rights->allows(Resource::Indexes, right)) return {};
    return identity::missing_right(Resource::Indexes, right);
}

Error out_of_range(std::string_view field, std::size_t min, std::size_t max) {
    return invalid_field(field, "'" + std::string(field) + "' must be between "
                                    + std::to_string(min) + " and " + std::to_string(max));
}

Result<void> check_queries(const std::vector<std::vector<float>>& queries,
                           std::size_t dimensions_max) {
    if (queries.empty() || queries.size() > limits::kVectorQueriesMax) {
        return out_of_range("queries", 1, limits::kVectorQueriesMax);
    }
    for (const auto& query : queries) {
        if (query.empty()) return invalid_field("query", "'query' must not be empty");
        if (query.size() > dimensions_max) {
            return invalid_field(
                "query", "a vector has at most " + std::to_string(dimensions_max) + " dimensions",
                "dimension_too_large");
        }
        if (query.size() != queries.front().size()) {
            return invalid_field("queries", "all queries must have the same dimensions",
                                 "dimension_mismatch");
        }
        if (!vector::is_finite(query)) {
            return invalid_field("query", "every number of a vector must fit a 32-bit float");
        }
    }
    return {};
}

Result<void> check_call(const VectorCall& call, std::size_t dimensions_max) {
    auto queries = check_queries(call.queries, dimensions_max);
    if (!queries) return queries;
    if (call.top_k < 1 || call.top_k > limits::kVectorTopKMax) {
        return out_of_range("top_k", 1, limits::kVectorTopKMax);
    }
    if (call.top_k * call.queries.size() > kHitsMax) {
        return invalid_field("top_k", "'top_k' times the number of queries must be at most "
                                          + std::to_string(kHitsMax));
    }
    if (call.ef_search < 1 || call.ef_search > limits::kVectorEfMax) {
        return out_of_range("ef_search", 1, limits::kVectorEfMax);
    }
    if (call.include.size() > kIncludeMax) {
        return invalid_field("include",
                             "'include' names at most " + std::to_string(kIncludeMax) + " columns");
    }
    return call.filter ? check_filter(*call.filter) : Result<void>();
}

VectorColumn column_of(const identity::Principal& principal, std::string table,
                       std::string column) {
    VectorColumn made;
    made.tenant = principal.tenant;
    made.table = std::move(table);
    made.column = std::move(column);
    return made;
}

// Sorted, without repetition.
std::shared_ptr<const RowIds> rows_of(RowIds ids) {
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return std::make_shared<const RowIds>(std::move(ids));
}

std::string json_of_rows(const VectorFound& found) {
    RowIdList row_ids;
    for (const auto& hits : found.hits)
        row_ids.add(hits);
    return row_ids.json();
}

std::string rows_sql(const VectorTable& table, const std::vector<std::string>& include) {
    std::string sql = "SELECT " + table.row_id_name + " AS zs_row_id, ";
    sql += table.key_column.empty() ? table.row_id_name : quote_name(table.key_column);
    sql += " AS zs_key";
    for (const std::string& column : include)
        sql += ", " + quote_name(column);
    return sql + " FROM " + quote_name(table.table) + " WHERE " + table.row_id_name
           + " IN (SELECT value FROM json_each(?1))";
}

// What a statement calls a mistake is, for a request that names a table, the table's absence.
Error as_absence(Error error) {
    if (error.reason == "no_such_table" || error.reason == "no_such_column") {
        error.code = ErrorCode::NotFound;
    }
    return error;
}

}  // namespace

Result<void> check_index_definition(const VectorIndexDefinition& definition) {
    const HnswParameters& wanted = definition.parameters;
    if (wanted.m < limits::kHnswMMin || wanted.m > limits::kHnswMMax) {
        return out_of_range("m", limits::kHnswMMin, limits::kHnswMMax);
    }
    if (wanted.ef_construction < limits::kHnswEfConstructionMin
        || wanted.ef_construction > limits::kHnswEfConstructionMax) {
        return out_of_range("ef_construction", limits::kHnswEfConstructionMin,
                            limits::kHnswEfConstructionMax);
    }
    if (wanted.metric == vector::Metric::Hamming) {
        return invalid_field("metric", "'metric' must be l2, cosine or ip", "invalid_metric");
    }
    if (wanted.storage == vector::Scalar::Bit) {
        return invalid_field("storage", "'storage' must be f32, f16, bf16 or i8");
    }
    if (definition.name.size() > 255) {
        return invalid_field("name", "'name' has at most 255 bytes");
    }
    return {};
}

async::Task<Result<VectorBuild>> VectorService::build(identity::PrincipalPtr principal,
                                                      VectorIndexDefinition definition,
                                                      BuildWait wait) {
    auto allowed = check_right(*principal, Right::Create);
    if (!allowed) co_return std::move(allowed).error();
    auto valid = check_index_definition(definition);
    if (!valid) co_return std::move(valid).error();
    co_return co_await indexes_.build(principal->tenant, std::move(definition), wait);
}

// The filter's rows come first: what is committed later may be missing, which is allowed; what was
// committed before is in both.
async::Task<Result<VectorQuery>> VectorService::prepare(identity::PrincipalPtr principal,
                                                        VectorTable table, VectorCall& call) {
    VectorQuery query;
    query.column = column_of(*principal, call.table, call.column);
    query.queries = std::move(call.queries);
    query.top_k = call.top_k;
    query.ef_search = call.ef_search;
    query.metric = call.metric;
    query.deadline = async::Deadline::after(kPatience);
    query.cancelled = call.cancelled;
    if (!call.filter) co_return query;
    std::string sql = "SELECT " + table.row_id_name + " FROM " + quote_name(table.table)
                      + " WHERE (" + *call.filter + ")";
    auto request = lookup_request(*principal, std::move(sql), query.deadline, call.cancelled);
    request.positional = std::move(call.filter_params);
    const auto sink = std::make_shared<RowIdSink>();
    auto read = co_await engine_.execute(std::move(request), sink);
    if (!read) co_return std::move(read).error();
    query.only = rows_of(std::move(sink->ids));
    co_return query;
}

async::Task<Result<void>> VectorService::give_rows(identity::PrincipalPtr principal,
                                                   VectorTable table, const VectorCall& call,
                                                   VectorFound& found,
                                                   std::shared_ptr<RowSink> rows) {
    if (!rows || (call.include.empty() && table.key_is_row_id)) co_return Result<void>();
    found.has_rows = true;
    auto request = lookup_request(*principal, rows_sql(table, call.include),
                                  async::Deadline::after(kPatience), call.cancelled);
    // A row's key is part of every answer; only what is included asks for the right to read.
    if (call.include.empty()) {
        request.rights = std::make_shared<identity::Rights>(identity::Rights::everything());
    }
    request.positional.emplace_back(json_of_rows(found));
    auto read = co_await engine_.execute(std::move(request), std::move(rows));
    if (!read) co_return std::move(read).error();
    co_return Result<void>();
}

async::Task<Result<VectorFound>> VectorService::search(identity::PrincipalPtr principal,
                                                       VectorCall call,
                                                       std::shared_ptr<RowSink> rows) {
    auto allowed = check_right(*principal, Right::Read);
    if (!allowed) co_return std::move(allowed).error();
    auto valid = check_call(call, dimensions_max_);
    if (!valid) co_return std::move(valid).error();
    auto column = column_of(*principal, call.table, call.column);
    auto table = co_await indexes_.table(std::move(column), ColumnUse::Indexed);
    if (!table) co_return std::move(table).error();
    auto query = co_await prepare(principal, *table, call);
    if (!query) co_return std::move(query).error();
    auto answer = co_await indexes_.search(std::move(*query));
    if (!answer) co_return std::move(answer).error();
    VectorFound found;
    found.hits = std::move(answer->hits);
    found.plan = answer->plan;
    auto given = co_await give_rows(principal, *table, call, found, std::move(rows));
    if (!given) co_return std::move(given).error();
    co_return found;
}

async::Task<Result<VectorFound>> VectorService::knn(identity::PrincipalPtr principal,
                                                    VectorCall call,
                                                    std::shared_ptr<RowSink> rows) {
    auto valid = check_call(call, dimensions_max_);
    if (!valid) co_return std::move(valid).error();
    auto column = column_of(*principal, call.table, call.column);
    auto table = co_await indexes_.table(std::move(column), ColumnUse::Any);
    // Who may not read a table is told nothing about it.
    std::string sql = "SELECT " + (table ? quote_name(table->column) : std::string("1")) + " FROM "
                      + quote_name(table ? table->table : call.table) + " LIMIT 0";
    auto look = lookup_request(*principal, std::move(sql), async::Deadline::after(kPatience),
                               call.cancelled);
    auto readable = co_await engine_.execute(std::move(look), nullptr);
    if (!readable) co_return as_absence(std::move(readable).error());
    if (!table) co_return std::move(table).error();
    auto query = co_await prepare(principal, *table, call);
    if (!query) co_return std::move(query).error();
    auto answer = co_await indexes_.scan(std::move(*query));
    if (!answer) co_return std::move(answer).error();
    VectorFound found;
    found.hits = std::move(answer->hits);
    auto given = co_await give_rows(principal, *table, call, found, std::move(rows));
    if (!given) co_return std::move(given).error();
    co_return found;
}

async::Task<Result<std::vector<VectorIndexInfo>>> VectorService::list(
    identity::PrincipalPtr principal) {
    auto allowed = check_right(*principal, Right::Read);
    if (!allowed) co_return std::move(allowed).error();
    co_return co_await indexes_.list(principal->tenant);
}

async::Task<Result<VectorIndexStats>> VectorService::stats(identity::PrincipalPtr principal,
                                                           std::string table, std::string column) {
    auto allowed = check_right(*principal, Right::Read);
    if (!allowed) co_return std::move(allowed).error();
    co_return co_await indexes_.stats(column_of(*principal, std::move(table), std::move(column)));
}

async::Task<Result<void>> VectorService::drop(identity::PrincipalPtr principal, std::string table,
                                              std::string column) {
    auto allowed = check_right(*principal, Right::Delete);
    if (!allowed) co_return std::move(allowed).error();
    co_return co_await indexes_.drop(column_of(*principal, std::move(table), std::move(column)));
}

}  // namespace zs::data
