#pragma once

#include "adapters/sqlite_data/sql_edits.hpp"
#include "core/data/sql_request.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zs::sqlite {
class Statement;
}

namespace zs::sqlite_data {

// How values of a declared type are shown. Source: the table of http-api.md section 4.
data::ColumnKind kind_of_declared(std::string_view upper_type);

// Gives repeated names the suffix _2, _3 …, never one that another column has already.
void make_unique(std::vector<data::ResultColumn>& columns);

// The columns of one prepared statement, made once and corrected per execution where an
// expression's type depends on its first row.
class ResultColumns {
public:
    // `edited`: the text was rewritten; what has no name is called as its author wrote it.
    explicit ResultColumns(std::optional<EditedSql> edited = {}) : edited_(std::move(edited)) {}

    // `row_is_there`: the statement stands on its first row.
    const std::vector<data::ResultColumn>& describe(sqlite::Statement& statement,
                                                    bool row_is_there);
    void forget() { columns_.clear(); }

private:
    std::vector<data::ResultColumn> columns_;
    std::optional<EditedSql> edited_;
    std::vector<int> expressions_;  // columns without a declared type
};

}  // namespace zs::sqlite_data
