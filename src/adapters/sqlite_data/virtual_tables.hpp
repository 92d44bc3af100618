#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

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
    bool contains(std::string_view name) const;
    // Neither a view nor a virtual table.
    bool is_plain(std::string_view name) const;
    // A real table or view stands where the engine has a table function (json_each).
    bool hides_function(std::string_view name) const;
    bool is_shadow(std::string_view name) const { return owner_of_shadow(name).has_value(); }
    // The table a full-text table takes its rows from (content=…), "" when it has its own.
    std::string content_of(std::string_view name) const;

private:
    // Names in lower case.
    std::map<std::string, std::string, std::less<>> content_by_name_;
    std::set<std::string, std::less<>> views_;
    std::set<std::string, std::less<>> hidden_functions_;
};

// The tables that the text of a CREATE VIRTUAL TABLE may name with `content=…`. FTS5 takes every
// beginning of an option's name for the option, so c='secret' is one. Quoting and comments are not
// looked at: better one too many than one missed. Contentless (content='') is left out.
std::vector<std::string> external_contents(std::string_view create_sql);

// The first of them; "" when there is none.
std::string external_content(std::string_view create_sql);

}  // namespace zs::sqlite_data
