#pragma once

#include "async/task.hpp"
#include "core/data/sql_engine.hpp"
#include "core/data/text_indexes.hpp"
#include "core/data/vector_service.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zs::data {

struct TextPart {
    std::string query;
    TextMode mode = TextMode::Any;
    double weight = 1;
};

// By the column's index when there is one, else exact by `metric` (an index has its own).
struct VectorPart {
    std::string column;
    std::vector<float> query;
    std::optional<vector::Metric> metric;  // nullopt: cosine
    std::size_t ef_search = 64;
    double weight = 1;
};

// One search over the rows of a table: by words, by a vector, or by both.
struct SearchCall {
    std::string table;
    std::optional<TextPart> text;
    std::optional<VectorPart> vector;
    std::size_t top_k = 10;
    double rank_constant = 60;          // of reciprocal rank fusion
    std::optional<std::string> filter;  // an SQL expression over the table's columns
    std::vector<SqlValue> filter_params;
    std::vector<std::string> include;  // columns that come with each hit
    std::stop_token cancelled;
};

// A row's place in each list, counted from 1, and what put it there.
struct SearchHit {
    std::int64_t row_id = 0;  // the engine's
    double score = 0;         // larger is better
    std::optional<std::size_t> text_rank;
    std::optional<double> text_score;  // BM25
    std::optional<std::size_t> vector_rank;
    std::optional<double> distance;
};

// The merged list: each row gets weight / (rank_constant + rank) from every list it is in. Best
// first, ties by row id, at most `top_k`.
// Source: Cormack, Clarke, Büttcher, SIGIR 2009: reciprocal rank fusion.
std::vector<SearchHit> fuse_ranks(const std::vector<TextHit>& by_text, double text_weight,
                                  const std::vector<VectorHit>& by_vector, double vector_weight,
                                  double rank_constant, std::size_t top_k);

// Full-text indexes, and searches by words and vectors, with the caller's rights.
// Threading: any.
// Errors:    as TextIndexes and VectorService; Forbidden "permission_denied"; InvalidArgument
//            naming the field, "invalid_filter"; what the engine says of a filter.
class SearchService {
public:
    SearchService(TextIndexes& texts, VectorService& vectors, SqlEngine& engine)
        : texts_(texts), vectors_(vectors), engine_(engine) {}

    // Needs indexes:create, and the right to read the table.
    async::Task<Result<TextBuild>> build_text(identity::PrincipalPtr principal,
                                              TextIndexDefinition definition);
    // Needs indexes:read. Only of tables that the caller may read.
    async::Task<Result<std::vector<TextIndexInfo>>> list_text(identity::PrincipalPtr principal);
    // Needs indexes:delete.
    async::Task<Result<void>> drop_text(identity::PrincipalPtr principal, std::string table);
    // Needs indexes:read, and the right to read the table. `rows` is given the rows behind the
    // hits, in no order: the engine's row id, the key, then the included columns. With one of text
    // and vector the score is BM25 or the negative distance; with both that of fuse_ranks.
    async::Task<Result<std::vector<SearchHit>>> search(identity::PrincipalPtr principal,
                                                       SearchCall call,
                                                       std::shared_ptr<RowSink> rows);

private:
    struct Table;
    async::Task<Result<std::vector<TextHit>>> find_by_text(identity::PrincipalPtr principal,
                                                           std::shared_ptr<const Table> table,
                                                           std::shared_ptr<const SearchCall> call,
                                                           std::size_t wanted);
    async::Task<Result<std::vector<VectorHit>>> find_by_vector(
        identity::PrincipalPtr principal, std::shared_ptr<const SearchCall> call,
        std::size_t wanted);
    async::Task<Result<std::vector<TextHit>>> keep_passing(identity::PrincipalPtr principal,
                                                           std::shared_ptr<const Table> table,
                                                           std::shared_ptr<const SearchCall> call,
                                                           std::vector<TextHit> hits);
    async::Task<Result<void>> give_rows(identity::PrincipalPtr principal,
                                        std::shared_ptr<const Table> table,
                                        std::shared_ptr<const SearchCall> call,
                                        std::vector<SearchHit> hits, std::shared_ptr<RowSink> rows);

    TextIndexes& texts_;
    VectorService& vectors_;
    SqlEngine& engine_;
};

}  // namespace zs::data
