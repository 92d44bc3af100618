#include "adapters/sqlite_data/bounded_functions.hpp"
#include "adapters/sqlite_data/collection_catalog.hpp"
#include "adapters/sqlite_data/engine_execution.hpp"
#include "adapters/sqlite_data/vector_sugar.hpp"
#include "base/encoding.hpp"
#include "sqlite/memory_guard.hpp"
#include "sqlite/sql_text.hpp"

#include <sqlite3.h>

#include <optional>

namespace zs::sqlite_data {
namespace {

// Longer texts are hardly ever sent twice; kept, a few of them would fill the memory.
constexpr std::size_t kCachedTextMax = 4096;

// What EXPLAIN says of a search by an index begins like this.
constexpr std::string_view kIndexPlan = "USING HNSW INDEX ";

// What the server itself names with this prefix cannot be reached by renaming either; the
// authorizer is not told a new name.
bool renames_to_reserved(const data::SqlRequest& request) {
    if (sqlite::first_keyword(request.sql) != "ALTER") return false;
    const std::string lower = to_lower(request.sql);
    return lower.find("_zs_") != std::string::npos || lower.find("json_each") != std::string::npos
           || lower.find("json_tree") != std::string::npos
           || lower.find("jsonb_each") != std::string::npos
           || lower.find("jsonb_tree") != std::string::npos
           || lower.find("pragma_") != std::string::npos
           || lower.find("hnsw_search") != std::string::npos;
}

// Inserts into tables whose rows the caller may not change need a look at what REPLACE removes.
bool needs_watch(const AccessList& accesses, const identity::Rights& rights) {
    for (const Access& access : accesses.all()) {
        if (access.right != identity::Right::Create || access.table.empty()) continue;
        if (!rights.allows_table(access.table, identity::Right::Update)) return true;
    }
    return false;
}

data::SqlValueView view_of(const sqlite::Statement& statement, int column) {
    using Kind = data::SqlValueView::Kind;
    data::SqlValueView view;
    switch (statement.column_type(column)) {
        case sqlite::ColumnType::Null: break;
        case sqlite::ColumnType::Integer:
            view.kind = Kind::Integer;
            view.integer = statement.integer(column);
            break;
        case sqlite::ColumnType::Real:
            view.kind = Kind::Real;
            view.real = statement.real(column);
            break;
        case sqlite::ColumnType::Text:
            view.kind = Kind::Text;
            view.bytes = statement.text(column);
            break;
        case sqlite::ColumnType::Blob:
            view.kind = Kind::Blob;
            view.bytes = statement.blob(column);
            break;
    }
    return view;
}

int times_compiled(const sqlite::Statement& statement) {
    return sqlite3_stmt_status(statement.handle(), SQLITE_STMTSTATUS_REPREPARE, 0);
}

}  // namespace

EngineConnection::EngineConnection(sqlite::Connection& connection, const SqliteDataOptions& options,
                                   const std::atomic<std::uint64_t>& definitions)
    : connection_(connection),
      options_(options),
      definitions_(definitions),
      authorizer_(connection.handle()),
      control_(connection.handle(), options.statement),
      recorder_(connection.handle(), authorizer_.virtual_tables()),
      vector_functions_(connection.handle(), options.vector_dimensions_max),
      nearest_tables_(connection, nearest_, known_indexes_, options.vector_dimensions_max) {
    apply_limits(connection.handle(), options.statement);
    install_bounded_functions(connection.handle());
}

EngineConnection::OwnWork::OwnWork(EngineConnection& engine, const data::SqlRequest& request)
    : engine_(engine), memory_(engine.options_.statement.memory_bytes) {
    engine_.control_.begin(request);
}

EngineConnection::OwnWork::~OwnWork() {
    engine_.control_.end();
}

void EngineConnection::refresh_schema() {
    const std::uint64_t now = definitions_.load();
    if (!schema_stale_ && now == definitions_seen_) return;
    definitions_seen_ = now;
    schema_stale_ = false;
    authorizer_.virtual_tables() = VirtualTables::load(connection_);
    authorizer_.set_collections(collection_names(connection_));
    VectorColumns columns = VectorColumns::load(connection_);
    KnownIndexes indexes = KnownIndexes::load(connection_);
    authorizer_.set_vector_indexes(indexes.names());
    if (columns == vector_columns_ && indexes == known_indexes_) return;
    // Statements were rewritten for the columns and indexes that there were.
    vector_columns_ = std::move(columns);
    known_indexes_ = std::move(indexes);
    clear();
}

Error EngineConnection::translate(Error error) {
    if (auto denial = authorizer_.take_denial()) return std::move(*denial);
    auto refused_vector = vector_functions_.take_error();
    if (refused_vector && error.reason == "sql_error") return std::move(*refused_vector);
    auto refused_search = nearest_tables_.take_error();
    if (refused_search && error.reason == "sql_error") return std::move(*refused_search);
    const auto ends = [&](std::string_view text) {
        return std::string_view(error.message).ends_with(text);
    };
    if (error.reason == "sql_error"
        && (ends("may not be modified") || ends("may not be dropped") || ends("may not be altered")
            || ends("may not be indexed"))) {
        return forbidden(error.message, "statement_not_allowed");
    }
    if (error.code == ErrorCode::DeadlineExceeded) return control_.reason();
    return error;
}

Result<Prepared*> EngineConnection::prepare(const data::SqlRequest& request) {
    uncached_.reset();
    refresh_schema();
    if (Prepared* const known = find(request.sql)) {
        auto allowed = known->accesses.check(*request.rights);
        if (!allowed) return std::move(allowed).error();
        return known;
    }
    auto compiled = compile(request);
    if (!compiled) return std::move(compiled).error();
    // Definitions run once; keeping them would only push out what is used again.
    const bool defines = (*compiled)->statement_class == StatementClass::Definition;
    if (defines) schema_stale_ = true;
    if (defines || request.sql.size() > kCachedTextMax) {
        uncached_ = std::move(*compiled);
        return uncached_.get();
    }
    return keep(request.sql, std::move(*compiled));
}

Result<std::unique_ptr<Prepared>> EngineConnection::compile(const data::SqlRequest& request) {
    if (renames_to_reserved(request)) {
        return forbidden("a reserved name is not allowed here", "statement_not_allowed");
    }
    if (sqlite::first_keyword(request.sql) == "VACUUM") {
        return forbidden("VACUUM is not allowed here", "statement_not_allowed");
    }
    auto known = refuse_drop(request.sql);
    if (!known) return std::move(known).error();
    const sqlite::MemoryScope memory(options_.statement.memory_bytes);
    authorizer_.enter(*request.rights, request.sql);
    control_.begin(request);
    vector_functions_.forget_error();
    nearest_tables_.forget_error();
    RewrittenSql rewritten;
    auto statement = prepare_text(request.sql, rewritten);
    control_.end();
    authorizer_.leave();
    if (!statement) return translate(std::move(statement).error());
    auto prepared =
        std::make_unique<Prepared>(Prepared{.statement = std::move(*statement),
                                            .accesses = authorizer_.take_accesses(),
                                            .columns = ResultColumns(std::move(rewritten.text))});
    prepared->statement_class = authorizer_.statement_class();
    prepared->explains = prepared->statement.is_explain();
    prepared->read_only = prepared->explains || prepared->statement.read_only();
#if SQLITE_VERSION_NUMBER >= 3043000
    if (prepared->explains) sqlite3_stmt_explain(prepared->statement.handle(), 2);
#endif
    if (rewritten.nearest && prepared->read_only) {
        prepared->nearest = compile_nearest(std::move(*rewritten.nearest), request);
    }
    return prepared;
}

// What the text says about vectors is put into the engine's words, and the engine's words about
// places in it back into the caller's.
Result<sqlite::Statement> EngineConnection::prepare_text(const std::string& sql,
                                                         RewrittenSql& rewritten) {
    if (sql.size() > options_.statement.text_bytes) {
        return too_large("the SQL text has more than "
                             + std::to_string(options_.statement.text_bytes) + " bytes",
                         "sql_too_long");
    }
    auto edited = rewrite_vectors(sql, vector_columns_, options_.vector_dimensions_max);
    if (!edited) return std::move(edited).error();
    rewritten = std::move(*edited);
    if (!rewritten.text) return connection_.prepare(sql);
    auto statement = connection_.prepare(rewritten.text->text());
    if (statement) return statement;
    Error error = std::move(statement).error();
    const auto* const offset = error.details.if_contains("offset");
    if (offset == nullptr) return error;
    const auto in_edited = offset->to_number<std::size_t>();
    return at_offset(std::move(error), sql, rewritten.text->original_offset(in_edited));
}

Prepared* EngineConnection::find(std::string_view sql) {
    const auto found = by_text_.find(sql);
    if (found == by_text_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->prepared.get();
}

Prepared* EngineConnection::keep(const std::string& sql, std::unique_ptr<Prepared> prepared) {
    if (entries_.size() >= options_.statements_cached_max) {
        by_text_.erase(entries_.back().sql);
        entries_.pop_back();
    }
    Entry entry = {sql, std::move(prepared)};
    entries_.push_front(std::move(entry));
    by_text_.emplace(entries_.front().sql, entries_.begin());
    return entries_.front().prepared.get();
}

void EngineConnection::drop(const Prepared& prepared) {
    if (uncached_.get() == &prepared) {
        uncached_.reset();
        return;
    }
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
        if (entry->prepared.get() != &prepared) continue;
        by_text_.erase(entry->sql);
        entries_.erase(entry);
        return;
    }
}

void EngineConnection::clear() {
    by_text_.clear();
    entries_.clear();
}

void EngineConnection::set_capturing(Capture what) {
    // Compiled without the hook, DELETE without WHERE clears the table in one step that no hook
    // sees.
    const bool is_on = recorder_.capturing() != Capture::Nothing;
    if (is_on != (what != Capture::Nothing)) clear();
    recorder_.set_capturing(what);
}

Result<data::SqlSummary> EngineConnection::run(Prepared& prepared, const data::SqlRequest& request,
                                               data::RowSink* sink) {
    const auto times = [&] {
        return times_compiled(prepared.statement)
               + (prepared.nearest ? times_compiled(prepared.nearest->statement) : 0);
    };
    const int compiled = times();
    Result<data::SqlSummary> outcome = data::SqlSummary();
    Result<std::optional<data::SqlSummary>> nearest = std::optional<data::SqlSummary>();
    if (prepared.nearest && !prepared.explains) nearest = run_nearest(prepared, request, sink);
    if (!nearest) {
        outcome = std::move(nearest).error();
    } else if (*nearest) {
        outcome = **nearest;
    } else {
        outcome = run_here(prepared, request, sink);
        if (outcome && prepared.nearest) learn_from_comparing(*prepared.nearest);
    }
    // Compiled again: the schema changed, so what was noted about the statement may be wrong now.
    if (times() != compiled) drop(prepared);
    return outcome;
}

Result<data::SqlSummary> EngineConnection::run_here(Prepared& prepared,
                                                    const data::SqlRequest& request,
                                                    data::RowSink* sink) {
    const bool by_index = prepared.explains && prepared.nearest && nearest_.may_search();
    sqlite::Statement& statement = by_index ? prepared.nearest->statement : prepared.statement;
    const bool watch = !prepared.read_only && needs_watch(prepared.accesses, *request.rights);
    const Execution execution(*this, statement, request);
    if (by_index) authorizer_.allow_rewritten();
    if (watch) recorder_.watch(prepared.accesses, *request.rights);
    auto outcome =
        prepared.explains ? explain(statement, sink) : step_through(prepared, request, sink);
    if (watch) {
        auto unreplaced = recorder_.end_watch();
        if (!unreplaced) outcome = std::move(unreplaced).error();
    }
    if (!outcome) outcome = translate(std::move(outcome).error());
    return outcome;
}

Result<data::SqlSummary> EngineConnection::step_through(Prepared& prepared,
                                                        const data::SqlRequest& request,
                                                        data::RowSink* sink) {
    auto row = first_step(prepared.statement, prepared.columns, request);
    if (!row) return std::move(row).error();
    return give_rows(prepared, prepared.statement, prepared.columns, *row, request, sink);
}

Result<bool> EngineConnection::first_step(sqlite::Statement& statement, ResultColumns& columns,
                                          const data::SqlRequest& request) {
    auto bound = bind_parameters(statement, request);
    if (!bound) return std::move(bound).error();
    const int compiled = times_compiled(statement);
    auto row = statement.step();
    if (row && times_compiled(statement) != compiled) columns.forget();
    return row;
}

Result<data::SqlSummary> EngineConnection::give_rows(const Prepared& prepared,
                                                     sqlite::Statement& statement,
                                                     ResultColumns& columns, bool row_is_there,
                                                     const data::SqlRequest& request,
                                                     data::RowSink* sink) {
    nearest_.rows_are_given();
    Result<bool> row = row_is_there;
    data::SqlSummary summary;
    // ALTER TABLE … ADD COLUMN … CHECK has a question to itself, which is nobody's result.
    const bool defines = prepared.statement_class == StatementClass::Definition;
    const int count = defines ? 0 : statement.column_count();
    summary.is_query = count > 0;
    if (count > 0 && sink != nullptr) {
        auto taken = sink->columns(columns.describe(statement, *row));
        if (!taken) return std::move(taken).error();
    }
    std::vector<data::SqlValueView> values(static_cast<std::size_t>(count));
    while (*row) {
        if (request.rows_max && summary.row_count >= *request.rows_max) {
            summary.truncated = true;
            if (prepared.read_only) break;  // a write goes on to its end; only its rows are cut
        } else {
            if (sink != nullptr) {
                for (int i = 0; i < count; ++i) {
                    values[static_cast<std::size_t>(i)] = view_of(statement, i);
                }
                auto taken = sink->row(values);
                if (!taken) return std::move(taken).error();
            }
            ++summary.row_count;
        }
        row = statement.step();
        if (!row) return std::move(row).error();
    }
    summary.wrote = !prepared.read_only;
    if (prepared.statement_class == StatementClass::Change) {
        summary.affected_rows = static_cast<std::uint64_t>(connection_.changes());
    } else if (prepared.statement_class == StatementClass::Definition) {
        summary.affected_rows = 0;
    }
    return summary;
}

// One row per line of the plan, indented by its depth; `explain` is the second name of `plan`.
Result<data::SqlSummary> EngineConnection::explain(sqlite::Statement& statement,
                                                   data::RowSink* sink) {
    data::SqlSummary summary;
    summary.is_query = true;
    std::vector<data::ResultColumn> columns(2);
    columns[0].name = "plan";
    columns[1].name = "explain";
    columns[0].type = columns[1].type = "TEXT";
    if (sink != nullptr) {
        auto taken = sink->columns(columns);
        if (!taken) return std::move(taken).error();
    }
    std::unordered_map<std::int64_t, std::size_t> depth_by_id;
    while (true) {
        auto row = statement.step();
        if (!row) return std::move(row).error();
        if (!*row) return summary;
        const auto parent = depth_by_id.find(statement.integer(1));
        const std::size_t depth = parent == depth_by_id.end() ? 0 : parent->second + 1;
        depth_by_id[statement.integer(0)] = depth;
        std::string line(depth * 2, ' ');
        // Of our own table only what it stands for is told.
        const std::string_view told = statement.text(3);
        const bool ours = told.find("_zs_nearest") != std::string_view::npos;
        const auto index = ours ? told.find(kIndexPlan) : std::string_view::npos;
        line += told.substr(index == std::string_view::npos ? 0 : index);
        ++summary.row_count;
        if (sink == nullptr) continue;
        data::SqlValueView value;
        value.kind = data::SqlValueView::Kind::Text;
        value.bytes = line;
        const std::array<data::SqlValueView, 2> values = {value, value};
        auto taken = sink->row(values);
        if (!taken) return std::move(taken).error();
    }
}

}  // namespace zs::sqlite_data
