#include "adapters/sqlite_data/nearest_tables.hpp"

#include "core/data/identifier.hpp"
#include "core/data/limits.hpp"

#include <algorithm>
#include <utility>

// What the tables answer; how the engine reads them is in nearest_modules.cpp.
namespace zs::sqlite_data {
namespace {

std::string_view function_of(vector::Metric metric) {
    switch (metric) {
        case vector::Metric::Cosine: return "vec_cosine";
        case vector::Metric::InnerProduct: return "vec_ip";
        case vector::Metric::L2:
        case vector::Metric::Hamming: break;
    }
    return "vec_l2";
}

// SELECT row id, key, distance FROM table
std::string select_of(const KnownIndex& index) {
    return "SELECT " + index.row_id + ", " + index.key + ", "
           + std::string(function_of(index.definition.parameters.metric)) + "("
           + data::quote_name(index.definition.column) + ", ?1) AS zs_distance FROM "
           + data::quote_name(index.definition.table);
}

sqlite::BlobView bytes_of(const std::vector<float>& values) {
    sqlite::BlobView view;
    view.bytes = {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
    return view;
}

data::SqlValue value_at(const sqlite::Statement& row, int column) {
    switch (row.column_type(column)) {
        case sqlite::ColumnType::Null: break;
        case sqlite::ColumnType::Integer: return row.integer(column);
        case sqlite::ColumnType::Real: return row.real(column);
        case sqlite::ColumnType::Text: return std::string(row.text(column));
        case sqlite::ColumnType::Blob: {
            data::Blob blob;
            blob.bytes = row.blob(column);
            return blob;
        }
    }
    return {};
}

}  // namespace

void NearestTables::set_candidates(const NearestSearch::Hits& hits) {
    candidates_.clear();
    candidates_.reserve(hits.size());
    for (const data::VectorHit& hit : hits)
        candidates_.push_back(hit.row_id);
    counted_ = 0;
}

std::optional<Error> NearestTables::take_error() {
    return std::exchange(error_, std::nullopt);
}

Result<std::vector<NearestTables::Found>> NearestTables::search(std::string_view target,
                                                                const Asked& asked) {
    const KnownIndex* const index = indexes_.find_target(target);
    if (index == nullptr) {
        return invalid_argument("hnsw_search: there is no vector index '" + std::string(target)
                                    + "'; name an index, or 'table.column'",
                                "no_such_index");
    }
    auto found = search_index(*index, asked);
    if (!found) return std::move(found).error();
    if (*found) return std::move(**found);
    if (search_.must_read()) return unavailable("the index is not in memory yet");
    return compare_rows(*index, asked);
}

// The rows behind the hits. What was deleted meanwhile makes room for others.
Result<std::optional<std::vector<NearestTables::Found>>> NearestTables::search_index(
    const KnownIndex& index, const Asked& asked) {
    // Compiled first: it also asks for the right to read the column.
    auto row = connection_.prepare(select_of(index) + " WHERE " + index.row_id + " = ?2");
    if (!row) return std::move(row).error();
    std::vector<Found> found;
    for (std::size_t wanted = asked.top_k; wanted <= data::limits::kVectorTopKMax;
         wanted = wanted * 2 + 16) {
        auto hits = search_.find(index, asked.query, wanted, asked.ef_search);
        if (!hits) return std::move(hits).error();
        if (!*hits) break;
        found.clear();
        for (const data::VectorHit& hit : **hits) {
            auto bound = row->bind_all(bytes_of(asked.query), hit.row_id);
            if (!bound) return std::move(bound).error();
            const auto there = row->step();
            if (!there) return there.error();
            if (*there && !row->is_null(2)) {
                found.push_back({hit.row_id, value_at(*row, 1), row->real(2)});
            }
            row->reset();
        }
        if (found.size() >= asked.top_k) {
            std::ranges::sort(found, [](const Found& a, const Found& b) {
                return a.distance != b.distance ? a.distance < b.distance : a.row_id < b.row_id;
            });
            found.resize(asked.top_k);
            return std::optional<std::vector<Found>>(std::move(found));
        }
        if ((*hits)->size() < wanted) break;
    }
    return std::optional<std::vector<Found>>();
}

Result<std::vector<NearestTables::Found>> NearestTables::compare_rows(const KnownIndex& index,
                                                                      const Asked& asked) {
    auto rows =
        connection_.prepare(select_of(index) + " WHERE " + data::quote_name(index.definition.column)
                            + " IS NOT NULL ORDER BY zs_distance, " + index.row_id + " LIMIT ?2");
    if (!rows) return std::move(rows).error();
    auto bound = rows->bind_all(bytes_of(asked.query), static_cast<std::int64_t>(asked.top_k));
    if (!bound) return std::move(bound).error();
    std::vector<Found> found;
    while (true) {
        const auto row = rows->step();
        if (!row) return row.error();
        if (!*row) return found;
        found.push_back({rows->integer(0), value_at(*rows, 1), rows->real(2)});
    }
}

}  // namespace zs::sqlite_data
