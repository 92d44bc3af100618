#include "adapters/sqlite_data/sql_edits.hpp"

#include "sqlite/errors.hpp"

#include <algorithm>
#include <tuple>

namespace zs::sqlite_data {

std::size_t EditedSql::original_offset(std::size_t offset) const {
    const auto behind = std::ranges::upper_bound(pieces_, offset, {}, &Piece::text);
    if (behind == pieces_.begin()) return offset;
    const Piece& piece = *std::prev(behind);
    if (piece.inserted) return piece.original;
    return std::min(piece.original + (offset - piece.text), original_.size());
}

std::string EditedSql::original_of(std::string_view part) const {
    const auto at = text_.find(part);
    if (part.empty() || at == std::string::npos) return std::string(part);
    const std::size_t begin = original_offset(at);
    const std::size_t end = original_offset(at + part.size());
    return end > begin ? original_.substr(begin, end - begin) : std::string(part);
}

void SqlEdits::wrap(std::size_t begin, std::size_t end, std::string open, std::string close) {
    edits_.push_back({begin, begin, Order::Open, end - begin, edits_.size(), std::move(open)});
    edits_.push_back({end, end, Order::Close, end - begin, edits_.size(), std::move(close)});
}

void SqlEdits::replace(std::size_t begin, std::size_t end, std::string with) {
    edits_.push_back({begin, end, Order::Replace, 0, edits_.size(), std::move(with)});
}

bool SqlEdits::comes_first(const Edit& a, const Edit& b) {
    if (a.begin != b.begin || a.order != b.order) {
        return std::tie(a.begin, a.order) < std::tie(b.begin, b.order);
    }
    const auto a_key = std::tie(a.span, a.sequence);
    const auto b_key = std::tie(b.span, b.sequence);
    return a.order == Order::Open ? b_key < a_key : a_key < b_key;
}

EditedSql SqlEdits::apply(std::string_view sql) {
    std::ranges::stable_sort(edits_, comes_first);
    EditedSql edited;
    edited.original_ = sql;
    std::size_t copied = 0;
    const auto copy_up_to = [&](std::size_t end) {
        if (end <= copied) return;
        edited.pieces_.push_back({edited.text_.size(), copied, false});
        edited.text_ += sql.substr(copied, end - copied);
        copied = end;
    };
    for (const Edit& edit : edits_) {
        copy_up_to(edit.begin);
        edited.pieces_.push_back({edited.text_.size(), edit.begin, true});
        edited.text_ += edit.with;
        copied = std::max(copied, edit.end);
    }
    copy_up_to(sql.size());
    // Behind the end is the end.
    edited.pieces_.push_back({edited.text_.size(), sql.size(), true});
    return edited;
}

Error at_offset(Error error, std::string_view sql, std::size_t offset) {
    const sqlite::Position at = sqlite::position_of(sql, offset);
    error.details["line"] = at.line;
    error.details["column"] = at.column;
    error.details["offset"] = offset;
    return error;
}

}  // namespace zs::sqlite_data
