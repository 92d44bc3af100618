#include "core/data/column_value.hpp"

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "core/data/document_limits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace zs::data {
namespace {

using documents::Value;
using documents::ValueKind;
using Kind = SqlValueView::Kind;

std::string_view spell(const Value& value, std::string& scratch) {
    switch (value.kind) {
        case ValueKind::Boolean: return value.boolean ? "true" : "false";
        case ValueKind::Integer: scratch = std::to_string(value.integer); return scratch;
        case ValueKind::Real: {
            if (!value.text.empty()) return value.text;  // a whole number beyond 63 bits
            scratch.resize(32);
            const auto end = std::to_chars(scratch.data(), scratch.data() + 32, value.real).ptr;
            scratch.resize(static_cast<std::size_t>(end - scratch.data()));
            return scratch;
        }
        case ValueKind::Text:
        case ValueKind::Json: return value.text;
        case ValueKind::Missing:
        case ValueKind::Null: break;
    }
    return {};
}

void set_text(SqlValueView& out, std::string_view text) {
    out.kind = Kind::Text;
    out.bytes = text;
}

bool fit_integer(const Value& value, SqlValueView& out) {
    constexpr double kExactMax = 9007199254740992.0;  // 2^53
    out.kind = Kind::Integer;
    if (value.kind == ValueKind::Integer) {
        out.integer = value.integer;
        return true;
    }
    if (value.kind != ValueKind::Real || std::trunc(value.real) != value.real
        || std::abs(value.real) > kExactMax) {
        return false;
    }
    out.integer = static_cast<std::int64_t>(value.real);
    return true;
}

bool fit_number(const Value& value, SqlValueView& out) {
    if (value.kind == ValueKind::Integer) {
        out.kind = Kind::Integer;
        out.integer = value.integer;
        return true;
    }
    out.kind = Kind::Real;
    out.real = value.real;
    return value.kind == ValueKind::Real;
}

bool fit_real(const Value& value, SqlValueView& out) {
    if (value.kind != ValueKind::Integer && value.kind != ValueKind::Real) return false;
    out.kind = Kind::Real;
    out.real = value.kind == ValueKind::Real ? value.real : static_cast<double>(value.integer);
    return true;
}

// Without an exponent, 38 characters stay below what f32 can hold: most numbers are never parsed.
bool fits_f32(std::string_view numbers) {
    constexpr std::size_t kDigitsSafe = 38;
    while (!numbers.empty()) {
        const auto end = std::min(numbers.find(','), numbers.size());
        std::string_view number = trim(numbers.substr(0, end));
        numbers.remove_prefix(std::min(numbers.size(), end + 1));
        if (number.size() <= kDigitsSafe && number.find_first_of("eE") == std::string_view::npos) {
            continue;
        }
        double value = 0;
        const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
        if (parsed.ec != std::errc() || !std::isfinite(static_cast<float>(value))) return false;
    }
    return true;
}

// The text is known to be JSON, so nothing but numbers is left when it has no other characters.
bool fit_vector(const ProjectedColumn& column, const Value& value, SqlValueView& out) {
    if (value.kind != ValueKind::Json || value.text.size() < 3 || value.text.front() != '[') {
        return false;
    }
    const std::string_view inside = value.text.substr(1, value.text.size() - 2);
    constexpr std::string_view kNumbers = "0123456789+-.eE, \t\r\n";
    if (inside.find_first_not_of(kNumbers) != std::string_view::npos) return false;
    const auto count = static_cast<std::size_t>(std::ranges::count(inside, ',')) + 1;
    set_text(out, value.text);
    return count == column.dimensions && fits_f32(inside);
}

// A string in JSON needs its quotes back.
bool fit_json(const Value& value, SqlValueView& out, std::string& scratch) {
    if (value.kind != ValueKind::Text) {
        set_text(out, spell(value, scratch));
        return true;
    }
    scratch.clear();
    append_json_string(scratch, value.text);
    set_text(out, scratch);
    return true;
}

}  // namespace

bool fit_column(const ProjectedColumn& column, const Value& value, SqlValueView& out,
                std::string& scratch) {
    out = {};
    if (value.kind == ValueKind::Missing || value.kind == ValueKind::Null) return true;
    switch (column.value_class) {
        case ColumnClass::Text: set_text(out, spell(value, scratch)); return true;
        case ColumnClass::Integer: return fit_integer(value, out);
        case ColumnClass::Real: return fit_real(value, out);
        case ColumnClass::Numeric: return fit_number(value, out);
        case ColumnClass::Boolean:
            out.kind = Kind::Integer;
            out.integer = value.boolean ? 1 : 0;
            return value.kind == ValueKind::Boolean;
        case ColumnClass::Timestamp:
            set_text(out, value.text);
            return value.kind == ValueKind::Text && from_rfc3339(value.text).has_value();
        case ColumnClass::Json: return fit_json(value, out, scratch);
        case ColumnClass::Vector: return fit_vector(column, value, out);
    }
    return false;
}

bool fit_id(const Value& value, std::string_view& out, std::string& scratch) {
    if (value.kind != ValueKind::Text && value.kind != ValueKind::Integer
        && value.kind != ValueKind::Real) {
        return false;
    }
    out = spell(value, scratch);
    return !out.empty() && out.size() <= limits::kDocumentIdBytesMax
           && out.find('\0') == std::string_view::npos;
}

}  // namespace zs::data
