#include "adapters/sqlite_data/document_writer.hpp"

#include "adapters/sqlite_data/collection_catalog.hpp"
#include "adapters/sqlite_data/dead_letters.hpp"
#include "adapters/sqlite_data/document_ids.hpp"
#include "core/data/column_value.hpp"
#include "core/data/document_limits.hpp"
#include "core/data/identifier.hpp"
#include "sqlite/errors.hpp"

#include <sqlite3.h>

#include <algorithm>

namespace zs::sqlite_data {
namespace {

using data::OnConflict;
using data::ProjectedColumn;
using data::SqlValueView;

// A commit is short; what takes longer than this is stuck in somebody's trigger.
constexpr std::chrono::minutes kWriteTime{2};

struct RowError {
    std::string code;
    std::string message;
};

const std::vector<ProjectedColumn>& no_columns() {
    static const std::vector<ProjectedColumn> none;
    return none;
}

std::string insert_text(const std::string& table, const std::vector<ProjectedColumn>& columns,
                        bool own, OnConflict on_conflict) {
    std::string sql = "INSERT INTO " + data::quote_name(table) + "(";
    std::string values;
    std::string updates = "\"_ts\"=excluded.\"_ts\",\"doc\"=excluded.\"doc\"";
    int index = 0;
    if (own) {
        sql += "\"_id\",\"_ts\",\"doc\"";
        values = "?1,?2,?3";
        index = 3;
    }
    for (const auto& column : columns) {
        const std::string name = data::quote_name(column.name);
        sql += (index > 0 ? "," : "") + name;
        values += (index > 0 ? ",?" : "?") + std::to_string(index + 1);
        updates += "," + name + "=excluded." + name;
        ++index;
    }
    sql += ") VALUES(" + values + ")";
    if (!own || on_conflict == OnConflict::Error) return sql;
    sql += " ON CONFLICT(\"_id\") DO ";
    return sql + (on_conflict == OnConflict::Ignore ? "NOTHING" : "UPDATE SET " + updates);
}

// One compiled INSERT that is run for every document.
class Insert {
public:
    Insert(std::unique_ptr<Prepared> prepared, sqlite3* connection)
        : prepared_(std::move(prepared)),
          statement_(prepared_->statement.handle()),
          connection_(connection) {}

    void bind_text(int index, std::string_view text) {
        sqlite3_bind_text(statement_, index, text.data(), static_cast<int>(text.size()),
                          SQLITE_STATIC);
    }
    void bind(int index, const SqlValueView& value) {
        switch (value.kind) {
            case SqlValueView::Kind::Integer:
                sqlite3_bind_int64(statement_, index, value.integer);
                break;
            case SqlValueView::Kind::Real:
                sqlite3_bind_double(statement_, index, value.real);
                break;
            case SqlValueView::Kind::Text: bind_text(index, value.bytes); break;
            default: sqlite3_bind_null(statement_, index);
        }
    }
    // SQLITE_OK when the row is there.
    int run() {
        const int code = sqlite3_step(statement_);
        if (code == SQLITE_DONE) return sqlite3_reset(statement_);
        error_ = sqlite::to_error(connection_, code);
        sqlite3_reset(statement_);
        return code == SQLITE_ROW ? SQLITE_ERROR : code;
    }
    const Error& error() const { return error_; }

private:
    std::unique_ptr<Prepared> prepared_;
    sqlite3_stmt* statement_;
    sqlite3* connection_;
    Error error_;
};

class Writing {
public:
    Writing(TenantDatabase& database, sqlite::Connection& connection,
            const data::DocumentWrite& write, Timestamp now)
        : engine_(database.writer_engine(connection)),
          connection_(connection),
          write_(write),
          collection_(*write.scope.collection),
          columns_(collection_.projection ? collection_.projection->columns : no_columns()),
          scratch_(columns_.size()),
          fitted_(columns_.size()),
          timestamp_(document_timestamp(now)),
          ids_(now) {}

    Result<WriteOutcome> run();
    // What was not stored, when it is asked for.
    const DeadLetters& dead_letters() const { return dead_letters_; }

private:
    bool fills_other() const { return collection_.projection && collection_.projection->table; }
    Result<Insert> prepare(const std::string& sql);
    Result<void> run_all();
    Result<bool> run_one(const documents::DocumentBatch& batch,
                         const documents::Document& document);
    bool fit(const documents::DocumentBatch& batch, const documents::Document& document);
    Result<bool> insert();
    Result<bool> insert_both();
    Result<bool> judge(int code, Insert& insert);
    Result<void> prepare_savepoints();
    void say_line(const documents::Document& document);
    void note_error(const documents::Document& document);
    void note_stored(std::string_view id);

    EngineConnection& engine_;
    sqlite::Connection& connection_;
    const data::DocumentWrite& write_;
    const data::Collection& collection_;
    const std::vector<ProjectedColumn>& columns_;
    data::SqlRequest request_;
    std::optional<Insert> own_;
    std::optional<Insert> other_;
    // Compiled ahead: a caller's own statements must not name savepoints.
    std::optional<sqlite::Statement> save_;
    std::optional<sqlite::Statement> undo_;
    std::optional<sqlite::Statement> release_;
    std::vector<std::string> scratch_;
    std::vector<SqlValueView> fitted_;
    std::string id_scratch_;
    std::string_view id_;  // of the current document
    std::string timestamp_;
    DocumentIds ids_;
    std::int64_t last_row_ = 0;
    RowError failed_;
    data::DocumentWritten written_;
    DeadLetters dead_letters_;
};

Result<Insert> Writing::prepare(const std::string& sql) {
    request_.sql = sql;
    auto compiled = engine_.compile_once(request_);
    if (!compiled) return std::move(compiled).error();
    return Insert(std::move(*compiled), connection_.handle());
}

Result<WriteOutcome> Writing::run() {
    auto version = collection_version(connection_, collection_.name);
    if (!version) return std::move(version).error();
    if (*version != collection_.version) {
        return conflict("the collection was changed or dropped meanwhile", "collection_changed");
    }
    request_.tenant = write_.scope.tenant;
    request_.rights = write_.scope.rights;
    request_.deadline = async::Deadline::after(kWriteTime);
    auto own = prepare(insert_text(collection_.name, fills_other() ? no_columns() : columns_, true,
                                   write_.on_conflict));
    if (!own) return std::move(own).error();
    own_.emplace(std::move(*own));
    if (fills_other()) {
        auto other = prepare(
            insert_text(*collection_.projection->table, columns_, false, write_.on_conflict));
        if (!other) return std::move(other).error();
        other_.emplace(std::move(*other));
        auto ready = prepare_savepoints();
        if (!ready) return std::move(ready).error();
    }
    auto stored = run_all();
    if (!stored) return std::move(stored).error();
    WriteOutcome outcome;
    outcome.undo = write_.dry_run || (write_.atomic && written_.counts.errors > 0);
    if (outcome.undo && write_.atomic) written_.stopped = written_.counts.errors > 0;
    written_.counts.batches = 1;
    if (write_.stream && !outcome.undo) {
        const auto state = data::stream_behind(*write_.stream, written_);
        auto kept = put_stream(connection_, state, to_unix_millis(ids_.time()));
        if (!kept) return std::move(kept).error();
    }
    outcome.written = std::move(written_);
    return outcome;
}

Result<void> Writing::run_all() {
    const EngineConnection::Bulk bulk(engine_, request_);
    own_->bind_text(2, timestamp_);
    last_row_ = connection_.last_insert_rowid();
    for (const auto& batch : write_.batches) {
        for (const auto& document : batch->documents()) {
            auto stored = run_one(*batch, document);
            if (!stored) return bulk.translate(std::move(stored).error());
            if (*stored) continue;
            say_line(document);
            // What stops a stream is tried again when that goes on: it is no dead letter.
            const bool stops = written_.counts.errors >= write_.errors_max;
            if (write_.dead_letters && !stops) {
                dead_letters_.add(collection_.name, document, failed_.code, failed_.message);
            }
            note_error(document);
            if (!stops) continue;
            written_.stopped = true;
            written_.stopped_at = document.position();
            return {};
        }
    }
    return {};
}

void Writing::note_stored(std::string_view id) {
    ++written_.counts.ingested;
    if (written_.ids.size() < data::limits::kToldIdsMax) written_.ids.emplace_back(id);
}

void Writing::note_error(const documents::Document& document) {
    ++written_.counts.errors;
    if (written_.errors.size() >= data::limits::kDocumentErrorsMax) return;
    data::DocumentError error;
    error.index = document.index;
    error.line = document.line;
    error.offset = document.offset;
    error.code = std::move(failed_.code);
    error.message = std::move(failed_.message);
    written_.errors.push_back(std::move(error));
}

// What the engine says knows no line.
void Writing::say_line(const documents::Document& document) {
    if (failed_.message.starts_with("line ")) return;
    failed_.message.insert(0, "line " + std::to_string(document.line) + ": ");
}

// False: failed_ says why this document was not stored.
Result<bool> Writing::run_one(const documents::DocumentBatch& batch,
                              const documents::Document& document) {
    if (document.is_rejected()) {
        const auto& rejection = batch.rejection(document);
        failed_ = {rejection.code, rejection.message};
        return false;
    }
    std::string_view id;
    if (document.id.kind == documents::ValueKind::Missing) {
        id = ids_.next();
    } else if (!data::fit_id(document.id, id, id_scratch_)) {
        failed_ = {"invalid_id", "line " + std::to_string(document.line)
                                     + ": _id must be text of 1 to 512 bytes, or a number"};
        return false;
    }
    if (!columns_.empty() && !fit(batch, document)) return false;
    id_ = id;
    own_->bind_text(1, id);
    own_->bind_text(3, document.json);
    return fills_other() ? insert_both() : insert();
}

bool Writing::fit(const documents::DocumentBatch& batch, const documents::Document& document) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto& column = columns_[i];
        const auto& value = batch.value(document, i);
        const bool fits = data::fit_column(column, value, fitted_[i], scratch_[i]);
        const bool missing = column.required && fitted_[i].kind == SqlValueView::Kind::Null;
        if (fits && !missing) continue;
        failed_ = {"projection_mismatch",
                   "line " + std::to_string(document.line) + ": "
                       + (fits ? "'" + column.path + "' is required"
                               : "'" + column.path + "' does not fit " + column.type)};
        return false;
    }
    Insert& insert = fills_other() ? *other_ : *own_;
    const int first = fills_other() ? 1 : 4;
    for (std::size_t i = 0; i < columns_.size(); ++i)
        insert.bind(first + static_cast<int>(i), fitted_[i]);
    return true;
}

Result<bool> Writing::judge(int code, Insert& insert) {
    if (code == SQLITE_OK) return true;
    if (!connection_.in_transaction()) return insert.error();
    if ((code & 0xff) != SQLITE_CONSTRAINT && (code & 0xff) != SQLITE_TOOBIG) return insert.error();
    const bool twin = code == SQLITE_CONSTRAINT_PRIMARYKEY && &insert == &*own_;
    failed_ = {twin ? "duplicate_id" : insert.error().reason, insert.error().message};
    if (twin) failed_.message = "a document with this _id is there already";
    return false;
}

Result<bool> Writing::insert() {
    const auto mark = engine_.recorder().mark();
    auto stored = judge(own_->run(), *own_);
    if (!stored) return stored;
    if (!*stored) {
        engine_.recorder().undo_to(mark);
        return stored;
    }
    if (write_.on_conflict == OnConflict::Ignore && connection_.changes() == 0) {
        ++written_.counts.ignored;
        return true;
    }
    note_stored(id_);
    // An update leaves the number of the last inserted row alone.
    const std::int64_t row = connection_.last_insert_rowid();
    if (write_.on_conflict == OnConflict::Replace && row == last_row_) ++written_.counts.replaced;
    last_row_ = row;
    return true;
}

// Into the collection and the other table, or into neither.
Result<bool> Writing::insert_both() {
    auto saved = save_->run();
    if (!saved) return std::move(saved).error();
    const auto mark = engine_.recorder().mark();
    const auto counts = written_.counts;
    const auto ids = written_.ids.size();
    auto stored = insert();
    const bool is_new = stored && *stored && written_.counts.ignored == counts.ignored;
    if (is_new) stored = judge(other_->run(), *other_);
    if (!stored) return stored;
    if (!*stored) {
        written_.counts = counts;
        written_.ids.resize(ids);
        auto undone = undo_->run();
        if (!undone) return std::move(undone).error();
        engine_.recorder().undo_to(mark);
    }
    auto released = release_->run();
    if (!released) return std::move(released).error();
    return stored;
}

Result<void> Writing::prepare_savepoints() {
    const auto compile = [this](std::string_view sql,
                                std::optional<sqlite::Statement>& out) -> Result<void> {
        auto statement = connection_.prepare_cached(sql);
        if (!statement) return std::move(statement).error();
        out.emplace(std::move(*statement));
        return {};
    };
    auto ready = compile("SAVEPOINT zs_document", save_);
    if (ready) ready = compile("ROLLBACK TO zs_document", undo_);
    if (ready) ready = compile("RELEASE zs_document", release_);
    return ready;
}

}  // namespace

std::string document_timestamp(Timestamp now) {
    return to_rfc3339(now);
}

Result<WriteOutcome> write_documents(TenantDatabase& database, sqlite::Connection& connection,
                                     const data::DocumentWrite& write, Timestamp now) {
    Writing writing(database, connection, write, now);
    auto outcome = writing.run();
    if (!outcome || outcome->undo || writing.dead_letters().empty()) return outcome;
    const auto letters = writing.dead_letters().as_write(*write.dead_letters);
    auto kept = Writing(database, connection, letters, now).run();
    if (!kept) return std::move(kept).error();
    if (kept->written.counts.errors == 0) return outcome;
    return Error{.code = ErrorCode::Unprocessable,
                 .message = "what was not stored does not fit the collection of dead letters: "
                            + kept->written.errors.front().message,
                 .reason = "dead_letter_failed",
                 .details = {}};
}

}  // namespace zs::sqlite_data
