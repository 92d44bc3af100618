#pragma once

#include "base/error.hpp"
#include "core/data/change_capture.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zs::sqlite {
class Connection;
}

namespace zs::sqlite_data {

// What one statement that defines something did to tables: made before it runs, asked afterwards,
// in the same transaction.
class DefinitionChanges {
public:
    // `sql` is the statement.
    static Result<DefinitionChanges> before(sqlite::Connection& connection, std::string_view sql);

    // The tables that came, went, or are defined otherwise than before, by the names before and
    // after. The rows of other tables changed only where the engine told so.
    Result<std::vector<data::ChangedDefinition>> tables_after(sqlite::Connection& connection) const;
    // Vector indexes whose table or column got another name are those of that name now; what has
    // lost its table or column goes.
    Result<void> tidy_vector_indexes(sqlite::Connection& connection) const;

private:
    struct Table {
        std::int64_t root_page = 0;
        std::string sql;
        bool operator==(const Table&) const = default;
    };
    using Tables = std::map<std::string, Table>;
    // An index's column, by its place in the table.
    struct Indexed {
        std::string table;
        std::string column;
        std::int64_t root_page = 0;
        std::int64_t position = 0;
        std::int64_t columns = 0;
    };

    static Result<Tables> read_tables(sqlite::Connection& connection);
    static Result<std::vector<Indexed>> read_indexed(sqlite::Connection& connection);

    Tables tables_;
    std::vector<Indexed> indexed_;  // only before an ALTER
};

}  // namespace zs::sqlite_data
