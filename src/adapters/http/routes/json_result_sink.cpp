#include "adapters/http/routes/json_result_sink.hpp"

#include "base/json.hpp"

#include <iterator>

namespace zs::http {

void RowWriter::set_columns(std::span<const data::ResultColumn> columns) {
    columns_.assign(columns.begin(), columns.end());
    keys_.clear();
    if (format_ == RowFormat::Arrays) return;
    for (const auto& column : columns_) {
        std::string key;
        append_json_string(key, column.name);
        key += ':';
        keys_.push_back(std::move(key));
    }
}

void RowWriter::append(std::string& out, std::span<const data::SqlValueView> values) const {
    const bool objects = format_ == RowFormat::Objects;
    out += objects ? '{' : '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out += ',';
        if (objects) out += keys_[i];
        append_json_cell(out, columns_[i], values[i]);
    }
    out += objects ? '}' : ']';
}

Result<void> JsonResultSink::columns(std::span<const data::ResultColumn> columns) {
    writer_.set_columns(columns);
    out_ = R"({"columns":)";
    append_columns(out_, columns);
    out_ += R"(,"rows":[)";
    return {};
}

Result<void> JsonResultSink::row(std::span<const data::SqlValueView> values) {
    if (!first_row_) out_ += ',';
    first_row_ = false;
    writer_.append(out_, values);
    if (out_.size() <= bytes_max_) return {};
    return too_large(
        fmt::format("the result has more than {} bytes; ask for fewer rows or columns, "
                    "or stream it with Accept: application/x-ndjson",
                    bytes_max_),
        "result_too_large");
}

std::string JsonResultSink::take(const data::SqlSummary& summary, std::int64_t elapsed_ms) {
    if (out_.empty()) out_ = R"({"columns":[],"rows":[)";
    const std::string affected =
        summary.affected_rows ? std::to_string(*summary.affected_rows) : "null";
    fmt::format_to(std::back_inserter(out_),
                   R"(],"row_count":{},"affected_rows":{},"elapsed_ms":{},"truncated":{}}})",
                   summary.row_count, affected, elapsed_ms, summary.truncated);
    return std::move(out_);
}

}  // namespace zs::http
