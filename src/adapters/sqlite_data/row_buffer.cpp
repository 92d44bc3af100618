#include "adapters/sqlite_data/row_buffer.hpp"

#include "core/data/limits.hpp"

namespace zs::sqlite_data {
namespace {

data::SqlValue own(const data::SqlValueView& view) {
    switch (view.kind) {
        case data::SqlValueView::Kind::Null: break;
        case data::SqlValueView::Kind::Integer: return view.integer;
        case data::SqlValueView::Kind::Real: return view.real;
        case data::SqlValueView::Kind::Text: return std::string(view.bytes);
        case data::SqlValueView::Kind::Blob: {
            data::Blob blob;
            blob.bytes = view.bytes;
            return blob;
        }
    }
    return std::monostate();
}

data::SqlValueView lend(const data::SqlValue& value) {
    data::SqlValueView view;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        view.kind = data::SqlValueView::Kind::Integer;
        view.integer = *integer;
    } else if (const auto* real = std::get_if<double>(&value)) {
        view.kind = data::SqlValueView::Kind::Real;
        view.real = *real;
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        view.kind = data::SqlValueView::Kind::Text;
        view.bytes = *text;
    } else if (const auto* blob = std::get_if<data::Blob>(&value)) {
        view.kind = data::SqlValueView::Kind::Blob;
        view.bytes = blob->bytes;
    }
    return view;
}

}  // namespace

Result<void> RowBuffer::columns(std::span<const data::ResultColumn> columns) {
    columns_.assign(columns.begin(), columns.end());
    return {};
}

Result<void> RowBuffer::row(std::span<const data::SqlValueView> values) {
    std::size_t bytes = 0;
    for (const auto& value : values)
        bytes += sizeof(data::SqlValue) + value.bytes.size();
    bytes_ += bytes;
    const bool fits = budget_->take(bytes);
    if (bytes_ > data::limits::kReturningBytesMax) {
        return too_large("RETURNING gives more than "
                             + std::to_string(data::limits::kReturningBytesMax) + " bytes",
                         "result_too_large");
    }
    if (!fits) {
        return exhausted("the rows of other writes fill the memory: retry in a moment",
                         "too_many_statements");
    }
    for (const auto& value : values)
        values_.push_back(own(value));
    return {};
}

Result<void> RowBuffer::replay(data::RowSink& sink, std::uint64_t& given) const {
    auto taken = sink.columns(columns_);
    if (!taken) return taken;
    std::vector<data::SqlValueView> row(columns_.size());
    for (std::size_t at = 0; at < values_.size(); at += row.size()) {
        for (std::size_t i = 0; i < row.size(); ++i)
            row[i] = lend(values_[at + i]);
        taken = sink.row(row);
        if (!taken) return taken;
        ++given;
    }
    return {};
}

}  // namespace zs::sqlite_data
