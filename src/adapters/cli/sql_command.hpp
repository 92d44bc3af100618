#pragma once

#include "adapters/cli/api_session.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zs::cli {

enum class SqlFormat { Table, Json, Csv, Ndjson };
std::optional<SqlFormat> parse_sql_format(std::string_view text);

struct SqlOptions {
    Target target = {};
    std::optional<std::string> sql = {};   // "-": from standard input
    std::optional<std::string> file = {};  // "-": from standard input
    std::vector<std::string> params = {};  // V, NAME=V, or =V for a value that looks like NAME=V
    SqlFormat format = SqlFormat::Table;
    std::optional<std::int64_t> timeout_secs = {};
    std::optional<std::int64_t> rows_max = {};
};

// Runs one statement on a server and prints its result. Answers the exit code.
int run_sql(const SqlOptions& options, Console& console, const Clock& clock);

// The request's `params`: an array, or an object when they are named; null without any. A value is
// JSON when it reads as JSON, else text. Errors: "usage" for a mix.
Result<boost::json::value> sql_params(const std::vector<std::string>& params);

// The statement's line with a mark below the place that the server named; empty when it named none.
std::string point_at(std::string_view sql, const boost::json::object& details);

}  // namespace zs::cli
