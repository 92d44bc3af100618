#pragma once

#include "core/data/sql_request.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace zs::sqlite_data {

// Keeps the rows of a write (RETURNING) until the write is durable: nobody may see a row that could
// still be undone, and the writer must not wait for a slow reader.
class RowBuffer final : public data::RowSink {
public:
    Result<void> columns(std::span<const data::ResultColumn> columns) override;
    // Errors: TooLarge "result_too_large".
    Result<void> row(std::span<const data::SqlValueView> values) override;

    bool has_columns() const { return !columns_.empty(); }
    std::size_t bytes() const { return bytes_; }
    // `given` grows with the rows that the sink took.
    Result<void> replay(data::RowSink& sink, std::uint64_t& given) const;

private:
    std::vector<data::ResultColumn> columns_;
    std::vector<data::SqlValue> values_;  // row after row
    std::size_t bytes_ = 0;
};

}  // namespace zs::sqlite_data
