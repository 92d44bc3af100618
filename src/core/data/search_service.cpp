#include "core/data/search_service.hpp"

#include "base/encoding.hpp"
#include "core/data/identifier.hpp"
#include "core/data/limits.hpp"
#include "core/data/row_lookup.hpp"
#include "core/data/vector_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace zs::data {

using identity::Resource;
using identity::Right;

namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::size_t kIncludeMax = 100;
// A list that is merged goes deeper than the answer: what is tenth here may be first there.
constexpr std::size_t kDepthFactor = 4;
constexpr std::size_t kDepthMin = 100;

Result<void> check_right(const identity::Principal& principal, Right right) {
    if (principal.rights->allows(Resource::Indexes, right)) return {};
    return identity::missing_right(Resource::Indexes, right);
}

bool is_weight(double value) {
    return std::isfinite(value) && value >= 0;
}

Result<void> check_call(const SearchCall& call) {
    if (!call.text && !call.vector) {
        return unprocessable("a search needs 'text', 'vector' or both", "text");
    }
    if (call.top_k < 1 || call.top_k > limits::kTextTopKMax) {
        return invalid_field(
            "top_k", "'top_k' must be between 1 and " + std::to_string(limits::kTextTopKMax));
    }
    if (!std::isfinite(call.rank_constant) || call.rank_constant < 1) {
        return invalid_field("rank_constant", "'rank_constant' must be a number from 1 on");
    }
    if ((call.text && !is_weight(call.text->weight))
        || (call.vector && !is_weight(call.vector->weight))) {
        return invalid_field("weight", "'weight' must be a number from 0 on");
    }
    if (call.include.size() > kIncludeMax) {
        return invalid_field("include",
                             "'include' names at most " + std::to_string(kIncludeMax) + " columns");
    }
    return call.filter ? check_filter(*call.filter) : Result<void>();
}

}  // namespace

// What a search has to know about its table.
struct SearchService::Table {
    std::string name;         // as it was created
    std::string row_id_name;  // the one that no column hides
    std::string key;          // quoted; the row id when the key is not one column
};

std::vector<SearchHit> fuse_ranks(const std::vector<TextHit>& by_text, double text_weight,
                                  const std::vector<VectorHit>& by_vector, double vector_weight,
                                  double rank_constant, std::size_t top_k) {
    std::map<std::int64_t, SearchHit> merged;
    for (std::size_t i = 0; i < by_text.size(); ++i) {
        SearchHit& hit = merged[by_text[i].row_id];
        hit.row_id = by_text[i].row_id;
        hit.text_rank = i + 1;
        hit.text_score = by_text[i].score;
        hit.score += text_weight / (rank_constant + static_cast<double>(i + 1));
    }
    for (std::size_t i = 0; i < by_vector.size(); ++i) {
        SearchHit& hit = merged[by_vector[i].row_id];
        hit.row_id = by_vector[i].row_id;
        hit.vector_rank = i + 1;
        hit.distance = by_vector[i].distance;
        hit.score += vector_weight / (rank_constant + static_cast<double>(i + 1));
    }
    std::vector<SearchHit> hits;
    hits.reserve(merged.size());
    for (auto& [row_id, hit] : merged)
        hits.push_back(hit);
    std::ranges::stable_sort(hits, [](const SearchHit& a, const SearchHit& b) {
        return a.score > b.score;  // the map's order, by row id, decides ties
    });
    if (hits.size() > top_k) hits.resize(top_k);
    return hits;
}

async::Task<Result<TextBuild>> SearchService::build_text(identity::PrincipalPtr principal,
                                                         TextIndexDefinition definition) {
    auto allowed = check_right(*principal, Right::Create);
    if (!allowed) co_return std::move(allowed).error();
    if (definition.columns.empty() || definition.columns.size() > limits::kTextColumnsMax) {
        co_return invalid_field("columns", "'columns' names between 1 and "
                                               + std::to_string(limits::kTextColumnsMax)
                                               + " columns");
    }
    auto& columns = definition.columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (equals_ignoring_case(columns[i], columns[j]))
                co_return invalid_field("columns", "'columns' names '" + columns[i] + "' twice");
        }
    }
    // Words of a table tell what is in it.
    auto readable = co_await engine_.table(principal->tenant, definition.table, principal->rights);
    if (!readable) co_return std::move(readable).error();
    co_return co_await texts_.build(principal->tenant, std::move(definition));
}

async::Task<Result<std::vector<TextIndexInfo>>> SearchService::list_text(
    identity::PrincipalPtr principal) {
    auto allowed = check_right(*principal, Right::Read);
    if (!allowed) co_return std::move(allowed).error();
    auto all = co_await texts_.list(principal->tenant);
    if (!all) co_return std::move(all).error();
    std::erase_if(*all, [&](const TextIndexInfo& info) {
        return !principal->rights->allows_table(info.definition.table, Right::Read);
    });
    co_return std::move(*all);
}

async::Task<Result<void>> SearchService::drop_text(identity::PrincipalPtr principal,
                                                   std::string table) {
    auto allowed = check_right(*principal, Right::Delete);
    if (!allowed) co_return std::move(allowed).error();
    co_return co_await texts_.drop(principal->tenant, std::move(table));
}

// Of these hits those whose row is there, may be read and passes the filter, in the same order.
async::Task<Result<std::vector<TextHit>>> SearchService::keep_passing(
    identity::PrincipalPtr principal, std::shared_ptr<const Table> table,
    std::shared_ptr<const SearchCall> call, std::vector<TextHit> hits) {
    const auto filter = call->filter ? "(" + *call->filter + ") AND " : std::string();
    auto sql = fmt::format(
        "SELECT {0} FROM {1} WHERE {2}{0} IN (SELECT value FROM json_each(?{3}))",
        table->row_id_name, quote_name(table->name), filter, call->filter_params.size() + 1);
    auto request = lookup_request(*principal, std::move(sql), async::Deadline::after(kPatience),
                                  call->cancelled);
    request.positional = call->filter_params;
    RowIdList row_ids;
    row_ids.add(hits);
    request.positional.emplace_back(row_ids.json());
    const auto sink = std::make_shared<RowIdSink>();
    auto read = co_await engine_.execute(std::move(request), sink);
    if (!read) co_return std::move(read).error();
    std::ranges::sort(sink->ids);
    std::erase_if(hits, [&](const TextHit& hit) {
        return !std::ranges::binary_search(sink->ids, hit.row_id);
    });
    co_return hits;
}

// Looks deeper until enough rows pass, or there are no more.
async::Task<Result<std::vector<TextHit>>> SearchService::find_by_text(
    identity::PrincipalPtr principal, std::shared_ptr<const Table> table,
    std::shared_ptr<const SearchCall> call, std::size_t wanted) {
    auto expression = text_expression(call->text->query, call->text->mode);
    if (!expression) co_return std::move(expression).error();
    std::size_t depth = std::max(wanted, kDepthMin);
    while (true) {
        TextQuery query;
        query.tenant = principal->tenant;
        query.table = table->name;
        query.expression = *expression;
        query.top_k = depth;
        query.deadline = async::Deadline::after(kPatience);
        query.cancelled = call->cancelled;
        auto hits = co_await texts_.search(std::move(query));
        if (!hits) co_return std::move(hits).error();
        const bool all = hits->size() < depth || depth >= limits::kTextCandidatesMax;
        auto passing = co_await keep_passing(principal, table, call, std::move(*hits));
        if (!passing) co_return std::move(passing).error();
        if (all || passing->size() >= wanted) {
            if (passing->size() > wanted) passing->resize(wanted);
            co_return std::move(*passing);
        }
        depth = std::min(depth * kDepthFactor, limits::kTextCandidatesMax);
    }
}

async::Task<Result<std::vector<VectorHit>>> SearchService::find_by_vector(
    identity::PrincipalPtr principal, std::shared_ptr<const SearchCall> call, std::size_t wanted) {
    VectorCall vector;
    vector.table = call->table;
    vector.column = call->vector->column;
    vector.queries = {call->vector->query};
    vector.top_k = wanted;
    vector.ef_search = std::max(call->vector->ef_search, std::min(wanted, limits::kVectorEfMax));
    vector.metric = call->vector->metric.value_or(vector::Metric::Cosine);
    vector.filter = call->filter;
    vector.filter_params = call->filter_params;
    vector.cancelled = call->cancelled;
    VectorCall again = vector;
    auto found = co_await vectors_.search(principal, std::move(vector), nullptr);
    if (!found && found.error().reason == "no_such_index") {
        found = co_await vectors_.knn(principal, std::move(again), nullptr);
    }
    if (!found) co_return std::move(found).error();
    co_return std::move(found->hits.front());
}

async::Task<Result<void>> SearchService::give_rows(identity::PrincipalPtr principal,
                                                   std::shared_ptr<const Table> table,
                                                   std::shared_ptr<const SearchCall> call,
                                                   std::vector<SearchHit> hits,
                                                   std::shared_ptr<RowSink> rows) {
    std::string columns = table->row_id_name + " AS zs_row_id, " + table->key + " AS zs_key";
    for (const auto& column : call->include)
        columns += ", " + quote_name(column);
    auto sql = fmt::format("SELECT {} FROM {} WHERE {} IN (SELECT value FROM json_each(?1))",
                           columns, quote_name(table->name), table->row_id_name);
    auto request = lookup_request(*principal, std::move(sql), async::Deadline::after(kPatience),
                                  call->cancelled);
    RowIdList row_ids;
    row_ids.add(hits);
    request.positional.emplace_back(row_ids.json());
    auto read = co_await engine_.execute(std::move(request), std::move(rows));
    if (!read) co_return std::move(read).error();
    co_return Result<void>();
}

async::Task<Result<std::vector<SearchHit>>> SearchService::search(identity::PrincipalPtr principal,
                                                                  SearchCall wanted,
                                                                  std::shared_ptr<RowSink> rows) {
    auto allowed = check_right(*principal, Right::Read);
    if (!allowed) co_return std::move(allowed).error();
    auto valid = check_call(wanted);
    if (!valid) co_return std::move(valid).error();
    auto info = co_await engine_.table(principal->tenant, wanted.table, principal->rights);
    if (!info) co_return std::move(info).error();
    const auto named = [&](std::string_view name) {
        return std::ranges::any_of(info->columns, [name](const ColumnInfo& column) {
            return equals_ignoring_case(column.name, name);
        });
    };
    auto table = std::make_shared<Table>();
    table->name = info->name;
    constexpr std::array<std::string_view, 3> kRowIdNames = {"rowid", "_rowid_", "oid"};
    const auto* free = std::ranges::find_if_not(kRowIdNames, named);
    table->row_id_name = free == kRowIdNames.end() ? "rowid" : *free;
    table->key = table->row_id_name;
    const auto is_key = [](const ColumnInfo& column) { return column.primary_key; };
    if (std::ranges::count_if(info->columns, is_key) == 1)
        table->key = quote_name(std::ranges::find_if(info->columns, is_key)->name);

    const auto call = std::make_shared<const SearchCall>(std::move(wanted));
    const bool both = call->text && call->vector;
    const std::size_t depth = both ? std::max(call->top_k * kDepthFactor, kDepthMin) : call->top_k;
    std::vector<TextHit> by_text;
    std::vector<VectorHit> by_vector;
    if (call->text) {
        auto found = co_await find_by_text(principal, table, call, depth);
        if (!found) co_return std::move(found).error();
        by_text = std::move(*found);
    }
    if (call->vector) {
        auto found =
            co_await find_by_vector(principal, call, std::min(depth, limits::kVectorTopKMax));
        if (!found) co_return std::move(found).error();
        by_vector = std::move(*found);
    }
    auto hits = fuse_ranks(by_text, both ? call->text->weight : 1, by_vector,
                           both ? call->vector->weight : 1, call->rank_constant, call->top_k);
    if (!both) {
        for (auto& hit : hits)
            hit.score = hit.text_score ? *hit.text_score : -*hit.distance;
    }
    auto given = co_await give_rows(principal, table, call, hits, std::move(rows));
    if (!given) co_return std::move(given).error();
    co_return hits;
}

}  // namespace zs::data
