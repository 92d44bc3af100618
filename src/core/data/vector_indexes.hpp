#pragma once

#include "async/task.hpp"
#include "base/error.hpp"
#include "core/data/vector_index.hpp"

#include <optional>
#include <vector>

namespace zs::data {

enum class ColumnUse { Any, Indexed };
enum class BuildWait { UntilReady, UntilDurable };

// Vectors of columns, and indexes over them. What it keeps is derived from the rows: it can be lost
// and is made again. It knows no rights: VectorService does.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: an index that was built exists until it or its table is dropped.
// Freshness:  a search reflects every commit that was answered before it began.
// Errors:     NotFound "no_such_table", "no_such_column", "no_such_index"; InvalidArgument
//             "not_a_vector", "dimension_mismatch"; Exhausted; Unavailable; DeadlineExceeded.
class VectorIndexes {
public:
    virtual ~VectorIndexes() = default;

    // Defines an index, or defines it anew, and fills it. Neither reads nor writes of the table
    // wait for that. Whoever asked may go away: the building goes on.
    virtual async::Task<Result<VectorBuild>> build(identity::Tenant tenant,
                                                   VectorIndexDefinition definition,
                                                   BuildWait wait) = 0;
    // As many rows as scan() gives for the index's metric.
    virtual async::Task<Result<VectorAnswer>> search(VectorQuery query) = 0;
    // Exact, over any column of vectors, indexed or not.
    virtual async::Task<Result<VectorAnswer>> scan(VectorQuery query) = 0;
    virtual async::Task<Result<std::vector<VectorIndexInfo>>> list(identity::Tenant tenant) = 0;
    virtual async::Task<Result<VectorIndexStats>> stats(VectorColumn column) = 0;
    virtual async::Task<Result<void>> drop(VectorColumn column) = 0;
    // As search(), for an engine in the middle of a statement: on a thread that may block, and
    // without waiting for anything the engine does. Empty: the index cannot answer now, because it
    // is not in memory, or something of its table has to be read first. search() sees to that.
    virtual Result<std::optional<VectorAnswer>> search_now_blocking(const VectorQuery& query) = 0;
    // Names and key of the column's table. Errors: of an Indexed one NotFound "no_such_index" only.
    virtual async::Task<Result<VectorTable>> table(VectorColumn column, ColumnUse use) = 0;
};

// Where the definitions of indexes are kept: beside the tables they belong to, in the tenant's
// database. Dropping a table drops its definitions in the same commit.
// Durability: success survives power loss.
class VectorDefinitions {
public:
    virtual ~VectorDefinitions() = default;
    virtual async::Task<Result<std::vector<VectorIndexDefinition>>> list_definitions(
        identity::Tenant tenant) = 0;
    // Replaces the one of the same table and column.
    virtual async::Task<Result<void>> put_definition(identity::Tenant tenant,
                                                     VectorIndexDefinition definition) = 0;
    virtual async::Task<Result<void>> remove_definition(VectorColumn column) = 0;
};

}  // namespace zs::data
