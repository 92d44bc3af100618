#include "adapters/http/routes/result_cells.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "vector/text.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <cmath>

namespace zs::http {
namespace json = boost::json;
using data::ColumnKind;
using Kind = data::SqlValueView::Kind;

namespace {

constexpr std::size_t kJsonDepthMax = 64;

// Takes part in parsing and keeps nothing: answers only whether the text is JSON.
struct Validator {
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using Text = json::string_view;
    using Code = json::error_code;

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code&) { return true; }
    bool on_object_end(std::size_t, Code&) { return true; }
    bool on_array_begin(Code&) { return true; }
    bool on_array_end(std::size_t, Code&) { return true; }
    bool on_key_part(Text, std::size_t, Code&) { return true; }
    bool on_key(Text, std::size_t, Code&) { return true; }
    bool on_string_part(Text, std::size_t, Code&) { return true; }
    bool on_string(Text, std::size_t, Code&) { return true; }
    bool on_number_part(Text, Code&) { return true; }
    bool on_int64(std::int64_t, Text, Code&) { return true; }
    bool on_uint64(std::uint64_t, Text, Code&) { return true; }
    bool on_double(double, Text, Code&) { return true; }
    bool on_bool(bool, Code&) { return true; }
    bool on_null(Code&) { return true; }
    bool on_comment_part(Text, Code&) { return true; }
    bool on_comment(Text, Code&) { return true; }
};

bool is_json(std::string_view text) {
    json::parse_options options;
    options.max_depth = kJsonDepthMax;
    json::basic_parser<Validator> parser(options);
    json::error_code error;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
    return !error && text.find_first_not_of(" \t\r\n", used) == std::string_view::npos;
}

// Copies JSON without the white space between its tokens, so that a row stays on one line.
void append_compact(std::string& out, std::string_view text) {
    bool in_string = false;
    bool escaped = false;
    for (const char c : text) {
        if (in_string) {
            if (escaped) {
                escaped = false;
            } else if (c == '\\') {
                escaped = true;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            continue;
        }
        out += c;
    }
}

void append_quoted_base64(std::string& out, std::string_view bytes) {
    out += '"';
    append_base64(out, bytes);
    out += '"';
}

void append_json_text_cell(std::string& out, ColumnKind kind, std::string_view text) {
    if (kind == ColumnKind::Blob) {
        append_quoted_base64(out, text);
    } else if (kind == ColumnKind::Json && is_json(text)) {
        append_compact(out, text);
    } else {
        append_json_string(out, text);
    }
}

// A blob that a VECTOR(n) column or a vector function gave.
bool is_vector(const data::ResultColumn& column, std::string_view bytes) {
    return column.kind == ColumnKind::Vector && !bytes.empty() && bytes.size() % sizeof(float) == 0;
}

bool is_flag(const data::ResultColumn& column, const data::SqlValueView& value) {
    return column.kind == ColumnKind::Boolean && (value.integer == 0 || value.integer == 1);
}

}  // namespace

void append_json_cell(std::string& out, const data::ResultColumn& column,
                      const data::SqlValueView& value) {
    switch (value.kind) {
        case Kind::Null: out += "null"; return;
        case Kind::Integer:
            if (is_flag(column, value)) {
                out += value.integer == 1 ? "true" : "false";
            } else {
                append_json_number(out, value.integer);
            }
            return;
        case Kind::Real: append_json_number(out, value.real); return;
        case Kind::Text: append_json_text_cell(out, column.kind, value.bytes); return;
        case Kind::Blob:
            if (is_vector(column, value.bytes)) {
                vector::append_json(out, value.bytes);
            } else {
                append_quoted_base64(out, value.bytes);
            }
            return;
    }
}

void append_csv_text(std::string& out, std::string_view text) {
    if (!text.empty() && text.find_first_of("\",\r\n") == std::string_view::npos
        && text.front() != ' ' && text.back() != ' ') {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

void append_csv_cell(std::string& out, const data::ResultColumn& column,
                     const data::SqlValueView& value) {
    switch (value.kind) {
        case Kind::Null: return;
        case Kind::Integer:
            if (is_flag(column, value)) {
                out += value.integer == 1 ? "true" : "false";
            } else {
                out += fmt::format_int(value.integer).c_str();
            }
            return;
        case Kind::Real:
            if (std::isfinite(value.real)) {
                append_json_number(out, value.real);
            } else {
                out += std::isnan(value.real) ? "NaN" : value.real > 0 ? "Infinity" : "-Infinity";
            }
            return;
        case Kind::Text:
            if (column.kind == ColumnKind::Blob) {
                append_csv_text(out, to_base64(value.bytes));
            } else {
                append_csv_text(out, value.bytes);
            }
            return;
        case Kind::Blob:
            if (is_vector(column, value.bytes)) {
                std::string array;
                vector::append_json(array, value.bytes);
                append_csv_text(out, array);
            } else {
                append_csv_text(out, to_base64(value.bytes));
            }
            return;
    }
}

void append_columns(std::string& out, std::span<const data::ResultColumn> columns) {
    out += '[';
    for (const auto& column : columns) {
        if (&column != columns.data()) out += ',';
        out += R"({"name":)";
        append_json_string(out, column.name);
        out += R"(,"type":)";
        append_json_string(out, column.type);
        out += '}';
    }
    out += ']';
}

}  // namespace zs::http
