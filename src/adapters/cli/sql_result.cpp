#include "adapters/cli/sql_result.hpp"

#include "adapters/cli/api_session.hpp"
#include "adapters/cli/table.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"

#include <boost/json/parse.hpp>

#include <ostream>

namespace zs::cli {
namespace {

constexpr std::string_view kNumberTypes[] = {"INT", "REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL"};

bool is_number_type(std::string_view type) {
    for (const auto word : kNumberTypes) {
        if (type.find(word) != std::string_view::npos) return true;
    }
    return false;
}

std::optional<std::string> cell_of(const boost::json::value& value) {
    if (value.is_null()) return std::nullopt;
    if (const auto* text = value.if_string()) return std::string(text->data(), text->size());
    if (const auto* number = value.if_double()) {
        std::string out;
        append_json_number(out, *number);
        return out;
    }
    return write_json(value);
}

Error not_a_result() {
    return data_loss("the server's answer is not a result; is it a zserver?");
}

std::string text_of(const boost::json::value& object, std::string_view key) {
    const auto* value = object.is_object() ? object.get_object().if_contains(key) : nullptr;
    if (value == nullptr || !value->is_string()) return {};
    return std::string(value->get_string().data(), value->get_string().size());
}

std::int64_t number_of(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

std::string counted(std::int64_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::vector<TableColumn> columns_of(const boost::json::array& columns) {
    std::vector<TableColumn> out;
    for (const auto& column : columns) {
        const bool number = is_number_type(text_of(column, "type"));
        out.push_back({text_of(column, "name"), number ? Align::Right : Align::Left});
    }
    return out;
}

Result<std::vector<TableRow>> rows_of(const boost::json::array& rows, std::size_t width) {
    std::vector<TableRow> out;
    out.reserve(rows.size());
    for (const auto& row : rows) {
        if (!row.is_array() || row.get_array().size() != width) return not_a_result();
        TableRow cells;
        for (const auto& value : row.get_array())
            cells.push_back(cell_of(value));
        out.push_back(std::move(cells));
    }
    return out;
}

}  // namespace

Result<void> print_table(std::string_view body, Console& console) {
    boost::system::error_code failed;
    const auto parsed = boost::json::parse(body, failed);
    if (failed || !parsed.is_object()) return not_a_result();
    const auto& reply = parsed.get_object();
    const auto* columns = reply.if_contains("columns");
    const auto* rows = reply.if_contains("rows");
    const bool shaped = columns && columns->is_array() && rows && rows->is_array();
    if (!shaped) return not_a_result();

    const auto took = " (" + std::to_string(number_of(reply, "elapsed_ms")) + " ms)";
    const auto* affected = reply.if_contains("affected_rows");
    const bool changed = affected != nullptr && affected->is_int64();
    if (columns->get_array().empty()) {
        console.note((changed ? counted(affected->get_int64(), "row") + " affected" : "done")
                     + took);
        return {};
    }
    const auto head = columns_of(columns->get_array());
    auto cells = rows_of(rows->get_array(), head.size());
    if (!cells) return std::move(cells).error();
    TableStyle style{.color = console.color(), .width_max = std::nullopt};
    if (console.out_is_terminal) style.width_max = console.width;
    console.out << render_table(head, *cells, style) << std::flush;
    console.note(counted(static_cast<std::int64_t>(cells->size()), "row")
                 + (changed ? ", " + counted(affected->get_int64(), "row") + " affected" : "")
                 + took);
    const auto* truncated = reply.if_contains("truncated");
    if (truncated != nullptr && truncated->is_bool() && truncated->get_bool()) {
        console.warning("there are more rows; use --max-rows N, or --format csv or ndjson for all");
    }
    return {};
}

void RowLines::add(std::string_view piece) {
    for (;;) {
        const auto end = piece.find('\n');
        if (end == std::string_view::npos) break;
        rest_.append(piece.substr(0, end));
        take_line(std::exchange(rest_, {}));
        piece.remove_prefix(end + 1);
    }
    rest_.append(piece);
}

void RowLines::take_line(std::string line) {
    if (line.empty()) return;
    if (!past_columns_) {
        past_columns_ = true;
        return;
    }
    if (has_held_) out_ << held_ << '\n';
    held_ = std::move(line);
    has_held_ = true;
}

Result<void> RowLines::finish() {
    if (!rest_.empty()) take_line(std::exchange(rest_, {}));
    if (!has_held_) return data_loss("the result was cut off");
    out_.flush();
    boost::system::error_code failed;
    const auto last = boost::json::parse(held_, failed);
    if (failed || !last.is_object()) return data_loss("the result was cut off");
    const auto& object = last.get_object();
    if (object.contains("row_count") && !object.contains("error")) return {};
    if (!object.contains("error")) return data_loss("the result was cut off");
    return error_of_reply(HttpReply{.status = 500, .content_type = {}, .body = held_});
}

}  // namespace zs::cli
