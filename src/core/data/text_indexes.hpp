#pragma once

#include "async/task.hpp"
#include "base/error.hpp"
#include "core/data/text_index.hpp"

#include <string>
#include <vector>

namespace zs::data {

// Full-text indexes over columns of tables. They change in the commit that changes the row. It
// knows no rights: TextService does.
// Threading:  call from any io thread; no method blocks the caller.
// Durability: an index that was built exists until it or its table is dropped.
// Errors:     NotFound "no_such_table", "no_such_column", "no_such_index"; InvalidArgument
//             "invalid_text_query", "not_indexable"; Conflict "index_building"; Unavailable;
//             DeadlineExceeded.
class TextIndexes {
public:
    virtual ~TextIndexes() = default;
    // Defines the index of a table, or defines it anew, and fills it. Small pieces: writers come in
    // between.
    virtual async::Task<Result<TextBuild>> build(identity::Tenant tenant,
                                                 TextIndexDefinition definition) = 0;
    // Best first, equal scores by row id. A hit may be of a row that a REPLACE has removed: read
    // the row.
    virtual async::Task<Result<std::vector<TextHit>>> search(TextQuery query) = 0;
    virtual async::Task<Result<std::vector<TextIndexInfo>>> list(identity::Tenant tenant) = 0;
    virtual async::Task<Result<void>> drop(identity::Tenant tenant, std::string table) = 0;
};

}  // namespace zs::data
