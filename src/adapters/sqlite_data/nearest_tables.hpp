#pragma once

#include "adapters/sqlite_data/known_indexes.hpp"
#include "adapters/sqlite_data/nearest_search.hpp"
#include "base/error.hpp"
#include "core/data/sql_value.hpp"
#include "sqlite/connection.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::sqlite_data {

// The tables of a connection whose rows come from vector indexes:
//
//     hnsw_search(target, query, k[, ef_search])   row_id, distance: the k nearest rows; target is
//                                                  the name of an index or 'table.column', row_id
//                                                  the primary key when it is one column. Its own
//                                                  rowid is the engine's row id.
//     _zs_nearest                                  the candidates of a rewritten search
//     _zs_counted(x)                               x; counts how often it was asked
//
// hnsw_search reads the rows it finds in the statement's snapshot, with the caller's rights: what
// the snapshot has not got is not given, distances are those of the snapshot, and there are as many
// rows as comparing all of them would give.
// Threading: as its connection. Lifetime: stays where it is as long as the connection is used.
class NearestTables {
public:
    NearestTables(sqlite::Connection& connection, NearestSearch& search,
                  const KnownIndexes& indexes, std::size_t dimensions_max);
    NearestTables(const NearestTables&) = delete;
    NearestTables& operator=(const NearestTables&) = delete;

    // What EXPLAIN says where _zs_nearest is read; from the next statement that is compiled on.
    void explain_as(std::string text) { explained_ = std::move(text); }
    void set_candidates(const NearestSearch::Hits& hits);
    std::size_t counted() const { return counted_; }

    // What made the statement fail, if it was one of these tables.
    std::optional<Error> take_error();
    void forget_error() { error_.reset(); }

private:
    struct Candidates;
    struct Search;
    struct Found {
        std::int64_t row_id = 0;
        data::SqlValue key;
        double distance = 0;
    };
    struct Asked {
        std::vector<float> query;
        std::size_t top_k = 0;
        std::size_t ef_search = 0;
    };

    Result<std::vector<Found>> search(std::string_view target, const Asked& asked);
    Result<std::optional<std::vector<Found>>> search_index(const KnownIndex& index,
                                                           const Asked& asked);
    Result<std::vector<Found>> compare_rows(const KnownIndex& index, const Asked& asked);

    sqlite::Connection& connection_;
    NearestSearch& search_;
    const KnownIndexes& indexes_;
    std::size_t dimensions_max_;
    std::string explained_;
    std::vector<std::int64_t> candidates_;
    std::size_t counted_ = 0;
    std::optional<Error> error_;
};

}  // namespace zs::sqlite_data
