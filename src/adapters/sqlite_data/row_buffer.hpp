#pragma once

#include "core/data/sql_request.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace zs::sqlite_data {

// How many bytes of rows may wait at once in one database: many writes share a commit, and each may
// hold its rows until then.
// Threading: any.
class RowBudget {
public:
    explicit RowBudget(std::size_t bytes_max) : left_(static_cast<std::int64_t>(bytes_max)) {}
    bool take(std::size_t bytes) {
        return left_.fetch_sub(static_cast<std::int64_t>(bytes))
               >= static_cast<std::int64_t>(bytes);
    }
    void give(std::size_t bytes) { left_.fetch_add(static_cast<std::int64_t>(bytes)); }

private:
    std::atomic<std::int64_t> left_;
};

// Keeps the rows of a write (RETURNING) until the write is durable: nobody may see a row that could
// still be undone, and the writer must not wait for a slow reader.
class RowBuffer final : public data::RowSink {
public:
    explicit RowBuffer(std::shared_ptr<RowBudget> budget) : budget_(std::move(budget)) {}
    ~RowBuffer() override { budget_->give(bytes_); }
    RowBuffer(const RowBuffer&) = delete;
    RowBuffer& operator=(const RowBuffer&) = delete;

    Result<void> columns(std::span<const data::ResultColumn> columns) override;
    // Errors: TooLarge "result_too_large"; Exhausted "too_many_statements" when others hold too
    // much.
    Result<void> row(std::span<const data::SqlValueView> values) override;

    bool has_columns() const { return !columns_.empty(); }
    std::size_t bytes() const { return bytes_; }
    // `given` grows with the rows that the sink took.
    Result<void> replay(data::RowSink& sink, std::uint64_t& given) const;

private:
    std::shared_ptr<RowBudget> budget_;
    std::vector<data::ResultColumn> columns_;
    std::vector<data::SqlValue> values_;  // row after row
    std::size_t bytes_ = 0;
};

}  // namespace zs::sqlite_data
