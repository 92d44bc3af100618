#include "adapters/usearch/column_reader.hpp"

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
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

namespace {

// Rows that are looked up with one statement.
constexpr std::size_t kLookedUpMax = 10'000;

data::SqlRequest request_for(const LiveColumn& column, std::string sql, const ReadingTerms& terms) {
    data::SqlRequest request;
    request.sql = std::move(sql);
    // A number, so that the engine reads at its own pace.
    request.rows_max = std::numeric_limits<std::uint64_t>::max();
    request.tenant = column.id().tenant;
    request.rights = everything();
    request.cancelled = terms.cancelled;
    return request;
}

std::string selection_of(const data::VectorTable& names) {
    return "SELECT " + names.row_id_name + ", " + data::quote_name(names.column) + " FROM "
           + data::quote_name(names.table);
}

// From here on commits are queued.
async::Task<Result<void>> begin_reading(ColumnSources sources, std::shared_ptr<LiveColumn> column,
                                        ColumnShape shape, Placement placement) {
    auto begin = [column, shape = std::move(shape), placement]() -> Result<void> {
        column->begin_reading_blocking(shape);
        const auto loaded = column->load_blocking(placement);
        if (loaded) return {};
        metrics::counter("vector_files_damaged_total",
                         "Stored vectors that were not what was written, and were made again.")
            .add();
        log::warn("stored vectors are not used", {{"reason", loaded.error().message}});
        return {};
    };
    co_return co_await sources.pool.run(std::move(begin));
}

// Empty: the table has to be read.
async::Task<std::optional<data::TableChanges>> changes_of(ColumnSources sources,
                                                          std::shared_ptr<LiveColumn> column) {
    const auto position = column->position();
    if (!position || sources.journal == nullptr) co_return std::nullopt;
    auto known = co_await sources.journal->changes_since(column->id().tenant, column->table().table,
                                                         *position);
    if (!known) co_return std::nullopt;
    co_return std::move(*known);
}

async::Task<Result<void>> look_up_changes(ColumnSources sources, std::shared_ptr<LiveColumn> column,
                                          std::shared_ptr<const data::TableChanges> changes,
                                          ReadingTerms terms) {
    const data::VectorTable names = column->table();
    const auto& rows = changes->row_ids;
    for (std::size_t i = 0; i < rows.size(); i += kLookedUpMax) {
        const std::size_t end = std::min(rows.size(), i + kLookedUpMax);
        std::string sql = selection_of(names) + " WHERE " + names.row_id_name + " IN (";
        for (std::size_t j = i; j < end; ++j)
            sql += (j == i ? "" : ",") + std::to_string(rows[j]);
        sql += ")";
        data::SqlRequest request = request_for(*column, std::move(sql), terms);
        auto sink = std::make_shared<ColumnSink>(column);
        auto read = co_await sources.engine.execute(std::move(request), std::move(sink));
        if (!read) co_return std::move(read).error();
    }
    auto end = [column, changes]() -> Result<void> {
        column->end_lookup_blocking(changes->row_ids, changes->now);
        return {};
    };
    co_return co_await sources.pool.run(std::move(end));
}

async::Task<Result<void>> read_table(ColumnSources sources, std::shared_ptr<LiveColumn> column,
                                     ReadingTerms terms) {
    const data::VectorTable names = column->table();
    data::SqlRequest request = request_for(*column, selection_of(names), terms);
    auto sink = std::make_shared<ColumnSink>(column);
    auto read = co_await sources.engine.execute(std::move(request), std::move(sink));
    if (!read && read.error().reason == "no_such_column") co_return no_row_ids(names.table);
    if (!read) co_return std::move(read).error();
    auto end = [column]() -> Result<void> {
        column->end_reading_blocking();
        return {};
    };
    co_return co_await sources.pool.run(std::move(end));
}

metrics::Counter& reads_counter(const char* how) {
    return metrics::counter("vector_column_reads_total",
                            "Columns that were brought up to date, by how.", {{"how", how}});
}

}  // namespace

async::Task<Result<void>> read_column(ColumnSources sources, std::shared_ptr<LiveColumn> column,
                                      ReadingTerms terms) {
    auto turn = co_await column->reading_line().acquire(terms.deadline);
    if (!turn) co_return deadline_exceeded("the column's vectors are still being read");
    if (column->is_current()) co_return Result<void>();
    auto shape = co_await look_at_column(sources.engine, column->id());
    if (!shape) co_return std::move(shape).error();
    auto begun = co_await begin_reading(sources, column, std::move(*shape), terms.placement);
    if (!begun) co_return begun;
    auto changes = co_await changes_of(sources, column);
    Result<void> read;
    if (changes) {
        const auto shared = std::make_shared<const data::TableChanges>(std::move(*changes));
        read = co_await look_up_changes(sources, column, shared, terms);
        reads_counter("changes").add();
    } else {
        read = co_await read_table(sources, column, terms);
        reads_counter("table").add();
    }
    if (!read) column->forget();
    co_return read;
}

}  // namespace zs::usearch
