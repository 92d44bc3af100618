#pragma once

#include "adapters/cli/console.hpp"

#include <iosfwd>
#include <string>
#include <string_view>

namespace zs::cli {

// Prints the reply of POST /v1/sql (rows as arrays) as a table, or what a statement without rows
// did.
// Errors: DataLoss when the body is no such reply.
Result<void> print_table(std::string_view body, Console& console);

// Picks the rows out of an NDJSON reply, whose first line names the columns and whose last line
// ends it, and writes them as they come.
class RowLines {
public:
    explicit RowLines(std::ostream& out) : out_(out) {}

    void add(std::string_view piece);
    // Errors: what the last line says; DataLoss when the reply was cut off.
    Result<void> finish();

private:
    void take_line(std::string line);

    std::ostream& out_;
    std::string rest_;  // the beginning of a line
    std::string held_;  // the latest line: a row only when another one follows
    bool past_columns_ = false;
    bool has_held_ = false;
};

}  // namespace zs::cli
