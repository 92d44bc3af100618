#pragma once

#include "core/data/sql_request.hpp"
#include "core/data/sql_value.hpp"

#include <span>
#include <string>
#include <string_view>

// How one SQL value looks in a reply. Everything is appended as text: a result never becomes a tree
// of JSON values on its way out.
// Source: http-api.md section 4, the table from declared types to JSON.
namespace zs::http {

// As JSON, always on one line. A JSON column shows the value itself; text in it that is not JSON
// stays text. Bytes that are not UTF-8 become U+FFFD.
void append_json_cell(std::string& out, const data::ResultColumn& column,
                      const data::SqlValueView& value);

// As a CSV field. NULL is empty and empty text is "", so the two stay apart.
// Source: RFC 4180.
void append_csv_cell(std::string& out, const data::ResultColumn& column,
                     const data::SqlValueView& value);

// [{"name":"id","type":"INTEGER"},…]
void append_columns(std::string& out, std::span<const data::ResultColumn> columns);

// Appends `text`, which may span lines, as a CSV field.
void append_csv_text(std::string& out, std::string_view text);

}  // namespace zs::http
