#include "adapters/usearch/column_reader.hpp"

#include "base/encoding.hpp"
#include "core/data/identifier.hpp"
#include "core/data/vector_value.hpp"

#include <algorithm>
#include <limits>

namespace zs::usearch {
namespace {

std::shared_ptr<const identity::Rights> everything() {
    return std::make_shared<const identity::Rights>(identity::Rights::everything());
}

std::string row_id_name(const data::TableInfo& info) {
    for (const char* name : {"rowid", "_rowid_", "oid"}) {
        const bool hidden = std::ranges::any_of(info.columns, [&](const data::ColumnInfo& column) {
            return equals_ignoring_case(column.name, name)
                   && !(column.primary_key && column.type == "INTEGER");
        });
        if (!hidden) return name;
    }
    return "rowid";
}

Error no_row_ids(const std::string& table) {
    return invalid_argument("the table '" + table + "' has no row ids (WITHOUT ROWID)",
                            "not_a_vector");
}

class ColumnSink final : public data::RowSink {
public:
    explicit ColumnSink(std::shared_ptr<LiveColumn> column) : column_(std::move(column)) {}
    Result<void> columns(std::span<const data::ResultColumn>) override { return {}; }
    Result<void> row(std::span<const data::SqlValueView> values) override {
        return column_->take_row_blocking(values[0].integer, values[1]);
    }

private:
    std::shared_ptr<LiveColumn> column_;
};

}  // namespace

async::Task<Result<ColumnShape>> look_at_column(data::SqlEngine& engine,
                                                data::VectorColumn column) {
    auto info = co_await engine.table(column.tenant, column.table, everything());
    if (!info) co_return std::move(info).error();
    if (info->kind == data::TableKind::View) {
        co_return invalid_argument("'" + info->name + "' is a view, which holds no vectors",
                                   "not_a_vector");
    }
    ColumnShape shape;
    shape.names.table = info->name;
    shape.names.row_id_name = row_id_name(*info);
    bool found = false;
    std::size_t keys = 0;
    for (std::size_t i = 0; i < info->columns.size(); ++i) {
        const data::ColumnInfo& candidate = info->columns[i];
        if (candidate.primary_key) {
            ++keys;
            shape.names.key_column = candidate.name;
            shape.names.key_is_row_id = candidate.type == "INTEGER";
        }
        if (!equals_ignoring_case(candidate.name, column.column)) continue;
        found = true;
        shape.position = i;
        shape.names.column = candidate.name;
        shape.names.dimensions = data::declared_dimensions(candidate.type);
    }
    if (!found) {
        co_return not_found("no such column: " + info->name + "." + column.column,
                            "no_such_column");
    }
    if (keys != 1) {
        shape.names.key_column.clear();
        shape.names.key_is_row_id = true;
    }
    co_return shape;
}

async::Task<Result<void>> read_column(data::SqlEngine& engine, async::BlockingPool& pool,
                                      std::shared_ptr<LiveColumn> column,
                                      async::Deadline deadline) {
    auto turn = co_await column->reading_line().acquire(deadline);
    if (!turn) co_return deadline_exceeded("the column's vectors are still being read");
    if (column->is_current()) co_return Result<void>();
    auto shape = co_await look_at_column(engine, column->id());
    if (!shape) co_return std::move(shape).error();
    const std::string table = shape->names.table;
    data::SqlRequest request;
    request.sql = "SELECT " + shape->names.row_id_name + ", "
                  + data::quote_name(shape->names.column) + " FROM " + data::quote_name(table);
    // A number, so that the engine reads at its own pace.
    request.rows_max = std::numeric_limits<std::uint64_t>::max();
    request.tenant = column->id().tenant;
    request.rights = everything();
    auto begin = [column, shape = std::move(*shape)]() -> Result<void> {
        column->begin_reading_blocking(shape);
        return {};
    };
    auto begun = co_await pool.run(std::move(begin));
    if (!begun) co_return begun;
    auto read = co_await engine.execute(std::move(request), std::make_shared<ColumnSink>(column));
    if (!read) {
        column->forget();
        if (read.error().reason == "no_such_column") co_return no_row_ids(table);
        co_return std::move(read).error();
    }
    auto end = [column]() -> Result<void> {
        column->end_reading_blocking();
        return {};
    };
    co_return co_await pool.run(std::move(end));
}

}  // namespace zs::usearch
