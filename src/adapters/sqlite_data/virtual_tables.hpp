#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace zs::sqlite {
class Connection;
}

namespace zs::sqlite_data {

// The full-text tables of one database. Each keeps its data in shadow tables ("docs_data" of
// "docs"), which nobody touches directly.
class VirtualTables {
public:
    // Reads the schema; the authorizer must be off.
    static VirtualTables load(sqlite::Connection& connection);

    // A table that is being made, before the schema has it.
    void add(std::string_view name, std::string content = {});
    // The table whose shadow `name` is.
    std::optional<std::string> owner_of_shadow(std::string_view name) const;
    bool is_shadow(std::string_view name) const { return owner_of_shadow(name).has_value(); }
    // The table a full-text table takes its rows from (content=…), "" when it has its own.
    std::string content_of(std::string_view name) const;

private:
    std::map<std::string, std::string, std::less<>> content_by_name_;  // names in lower case
};

// The table that `content=…` names in the text of a CREATE VIRTUAL TABLE; "" when there is none.
std::string external_content(std::string_view create_sql);

}  // namespace zs::sqlite_data
