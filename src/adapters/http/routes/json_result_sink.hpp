#pragma once

#include "adapters/http/routes/result_cells.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace zs::http {

enum class RowFormat { Objects, Arrays };

// Writes rows in one of the two forms; the keys of the columns are escaped once.
class RowWriter {
public:
    explicit RowWriter(RowFormat format) : format_(format) {}
    void set_columns(std::span<const data::ResultColumn> columns);
    void append(std::string& out, std::span<const data::SqlValueView> values) const;

private:
    RowFormat format_;
    std::vector<data::ResultColumn> columns_;
    std::vector<std::string> keys_;  // "name": with quotes and colon
};

// Builds the JSON reply of a statement while its rows come in.
// Errors: TooLarge "result_too_large" beyond `bytes_max`.
class JsonResultSink final : public data::RowSink {
public:
    JsonResultSink(RowFormat format, std::size_t bytes_max)
        : writer_(format), bytes_max_(bytes_max) {}

    Result<void> columns(std::span<const data::ResultColumn> columns) override;
    Result<void> row(std::span<const data::SqlValueView> values) override;

    // The whole reply. Call once, after the statement has ended.
    std::string take(const data::SqlSummary& summary, std::int64_t elapsed_ms);

private:
    RowWriter writer_;
    std::size_t bytes_max_;
    std::string out_;
    bool first_row_ = true;
};

}  // namespace zs::http
