#include "adapters/sqlite_data/collection_tables.hpp"
#include "core/data/collection_service.hpp"
#include "core/data/column_value.hpp"
#include "core/data/identifier.hpp"
#include "documents/document_reader.hpp"

namespace zs::sqlite_data {
namespace {

using data::SqlValueView;

// A slice ends early when its documents are large.
constexpr std::size_t kSliceBytesMax = std::size_t{4} << 20;

struct Row {
    std::int64_t number = 0;
    std::string json;
    std::string id;
};

struct Slice {
    std::vector<Row> rows;
    bool last = false;
};

Result<Slice> read_slice(sqlite::Connection& connection, const CatalogEntry& entry,
                         std::uint64_t documents_max) {
    auto query =
        connection.prepare("SELECT rowid, doc, _id FROM " + data::quote_name(entry.collection.name)
                           + " WHERE rowid>?1 AND rowid<=?2 ORDER BY rowid");
    if (!query) return std::move(query).error();
    auto bound = query->bind_all(entry.backfill->next_row, entry.backfill->last_row);
    if (!bound) return std::move(bound).error();
    Slice slice;
    std::size_t bytes = 0;
    while (slice.rows.size() < documents_max && bytes < kSliceBytesMax) {
        auto row = query->step();
        if (!row) return std::move(row).error();
        if (!*row) {
            slice.last = true;
            break;
        }
        slice.rows.push_back(
            {query->integer(0), std::string(query->text(1)), std::string(query->text(2))});
        bytes += slice.rows.back().json.size();
    }
    return slice;
}

std::string update_text(const data::Collection& collection) {
    std::string sql = "UPDATE " + data::quote_name(collection.name) + " SET ";
    int index = 1;
    for (const auto& column : collection.projection->columns) {
        if (index > 1) sql += ",";
        sql += data::quote_name(column.name) + "=?" + std::to_string(++index);
    }
    return sql + " WHERE rowid=?1";
}

Result<void> bind_value(sqlite::Statement& update, int index, const SqlValueView& value) {
    switch (value.kind) {
        case SqlValueView::Kind::Integer: return update.bind(index, value.integer);
        case SqlValueView::Kind::Real: return update.bind(index, value.real);
        case SqlValueView::Kind::Text: return update.bind(index, value.bytes);
        default: return update.bind(index, nullptr);
    }
}

Error unfit(const Row& row, const std::string& why) {
    Error error;
    error.code = ErrorCode::Unprocessable;
    error.reason = "backfill_failed";
    error.message = "the stored document '" + row.id + "' does not fit the projection: " + why;
    return error;
}

// Errors: Unprocessable "backfill_failed".
Result<void> fill_row(sqlite::Statement& update, const data::Collection& collection,
                      const Row& row) {
    documents::ReaderLimits reading;
    reading.document_bytes_max = row.json.size() + 1;
    documents::DocumentReader reader(documents::Form::Values, data::extraction_of(collection),
                                     reading);
    reader.feed(row.json);
    reader.finish();
    const auto batch = reader.take();
    if (batch->documents().size() != 1 || batch->documents()[0].is_rejected()) {
        return unfit(row, "it is not a JSON object");
    }
    auto bound = update.bind(1, row.number);
    const auto& columns = collection.projection->columns;
    std::string scratch;
    for (std::size_t i = 0; i < columns.size() && bound; ++i) {
        SqlValueView value;
        const auto& given = batch->value(batch->documents()[0], i);
        if (!data::fit_column(columns[i], given, value, scratch)) {
            return unfit(row, "'" + columns[i].path + "' is not " + columns[i].type);
        }
        if (columns[i].required && value.kind == SqlValueView::Kind::Null) {
            return unfit(row, "'" + columns[i].path + "' is missing");
        }
        bound = bind_value(update, static_cast<int>(i) + 2, value);
    }
    if (bound) bound = update.run();
    update.reset();
    return bound;
}

Result<void> fill_rows(TenantDatabase& database, sqlite::Connection& connection,
                       const data::Collection& collection, const std::vector<Row>& rows) {
    // Compiled through the engine, which stores vectors in their own form; on behalf of the server,
    // since whoever changes a projection has the right on every document.
    data::SqlRequest request;
    request.sql = update_text(collection);
    request.tenant = database.tenant();
    request.rights = std::make_shared<const identity::Rights>(identity::Rights::everything());
    auto compiled = database.writer_engine(connection).compile_once(request);
    if (!compiled) return std::move(compiled).error();
    for (const auto& row : rows) {
        auto filled = fill_row((*compiled)->statement, collection, row);
        if (!filled) return filled;
    }
    return {};
}

// Back to the columns of before, with a note why.
Result<CatalogEntry> give_up(TenantDatabase& database, sqlite::Connection& connection,
                             const CatalogEntry& entry, const Error& why) {
    CatalogEntry stopped = entry;
    stopped.backfill->running = false;
    auto put = put_collection(connection, stopped);
    if (!put) return std::move(put).error();
    auto back = change_projection(database, connection, entry.collection.name,
                                  entry.backfill->old_projection);
    if (!back) return back;
    StoredBackfill note;
    note.progress = entry.backfill->progress;
    note.progress.failure = why.message;
    back->backfill = std::move(note);
    put = put_collection(connection, *back);
    if (!put) return std::move(put).error();
    return back;
}

}  // namespace

Result<CatalogEntry> fill_slice(TenantDatabase& database, sqlite::Connection& connection,
                                const std::string& name, std::uint64_t documents_max) {
    auto known = find_collection(connection, name);
    if (!known) return std::move(known).error();
    if (!*known) return not_found("no such collection: " + name, "no_such_collection");
    CatalogEntry entry = std::move(**known);
    if (!entry.backfill || !entry.backfill->running) return entry;
    auto slice = read_slice(connection, entry, documents_max);
    if (!slice) return std::move(slice).error();
    auto filled = fill_rows(database, connection, entry.collection, slice->rows);
    if (!filled) {
        if (filled.error().reason != "backfill_failed") return std::move(filled).error();
        return give_up(database, connection, entry, filled.error());
    }
    entry.backfill->progress.done += slice->rows.size();
    if (!slice->rows.empty()) entry.backfill->next_row = slice->rows.back().number;
    entry.backfill->running = !slice->last;
    auto put = put_collection(connection, entry);
    if (!put) return std::move(put).error();
    return entry;
}

}  // namespace zs::sqlite_data
