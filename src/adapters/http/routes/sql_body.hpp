#pragma once

#include "adapters/http/routes/json_result_sink.hpp"
#include "core/data/sql_service.hpp"

#include <boost/json/value.hpp>

namespace zs::http {

// The body of POST /v1/sql and of a statement inside a transaction.
struct SqlBody {
    data::SqlCall call;
    RowFormat rows = RowFormat::Objects;
};

// Reads it. A parameter is null, true or false (1 or 0), a number, text, bytes as {"base64":
// "..."}, or any other array or object, which is bound as its JSON text.
// Errors: Unprocessable for missing fields and wrong types, InvalidArgument for values;
// details.field.
Result<SqlBody> decode_sql_body(const boost::json::value& body);

// One parameter of a statement: null, a boolean, number or text as it is, {"base64"} as bytes,
// other JSON as its text. Errors: InvalidArgument naming `path`.
Result<data::SqlValue> decode_sql_value(const boost::json::value& value, const std::string& path);

}  // namespace zs::http
