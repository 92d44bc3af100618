#pragma once

#include "async/task.hpp"
#include "core/data/limits.hpp"
#include "core/data/sql_engine.hpp"
#include "core/data/vector_indexes.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace zs::data {

// The limits of data::limits. Errors: InvalidArgument naming the field, "invalid_metric".
Result<void> check_index_definition(const VectorIndexDefinition& definition);

// One search as a caller asks for it.
struct VectorCall {
    std::string table;
    std::string column;
    std::vector<std::vector<float>> queries;
    std::size_t top_k = 10;
    std::size_t ef_search = 64;
    vector::Metric metric = vector::Metric::L2;  // of knn only
    std::optional<std::string> filter;           // an SQL expression over the table's columns
    std::vector<SqlValue> filter_params;
    std::vector<std::string> include;  // columns that come with each hit
    std::stop_token cancelled;
};

struct VectorFound {
    std::vector<std::vector<VectorHit>> hits;  // per query
    VectorPlan plan = VectorPlan::Scan;
    // The rows were read: a hit without one was deleted meanwhile. Else a row's id is its key.
    bool has_rows = false;
};

// Vector indexes and nearest neighbours, with the caller's rights.
// Threading: any.
// Errors:    as VectorIndexes; Forbidden "permission_denied"; InvalidArgument naming the field
//            (limits of data::limits), "invalid_filter"; what the engine says of a filter.
class VectorService {
public:
    VectorService(VectorIndexes& indexes, SqlEngine& engine,
                  std::size_t dimensions_max = limits::kVectorDimensionsDefault)
        : indexes_(indexes), engine_(engine), dimensions_max_(dimensions_max) {}

    // Of a vector that comes with a request.
    std::size_t dimensions_max() const { return dimensions_max_; }

    // Needs indexes:create.
    async::Task<Result<VectorBuild>> build(identity::PrincipalPtr principal,
                                           VectorIndexDefinition definition, BuildWait wait);
    // Needs indexes:read; `filter` and `include` also what they read. `rows` is given the rows
    // behind the hits, in no order: the engine's row id, the key, then the included columns.
    async::Task<Result<VectorFound>> search(identity::PrincipalPtr principal, VectorCall call,
                                            std::shared_ptr<RowSink> rows);
    // Exact, over a column. Needs the right to read it.
    async::Task<Result<VectorFound>> knn(identity::PrincipalPtr principal, VectorCall call,
                                         std::shared_ptr<RowSink> rows);
    // Needs indexes:read.
    async::Task<Result<std::vector<VectorIndexInfo>>> list(identity::PrincipalPtr principal);
    async::Task<Result<VectorIndexStats>> stats(identity::PrincipalPtr principal, std::string table,
                                                std::string column);
    // Needs indexes:delete.
    async::Task<Result<void>> drop(identity::PrincipalPtr principal, std::string table,
                                   std::string column);

private:
    async::Task<Result<VectorQuery>> prepare(identity::PrincipalPtr principal, VectorTable table,
                                             VectorCall& call);
    async::Task<Result<void>> give_rows(identity::PrincipalPtr principal, VectorTable table,
                                        const VectorCall& call, VectorFound& found,
                                        std::shared_ptr<RowSink> rows);

    VectorIndexes& indexes_;
    SqlEngine& engine_;
    std::size_t dimensions_max_;
};

}  // namespace zs::data
