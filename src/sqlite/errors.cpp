#include "sqlite/errors.hpp"

#include <sqlite3.h>

#include <algorithm>

namespace zs::sqlite {
namespace {

struct ConstraintKind {
    int code;
    std::string_view kind;
    std::string_view name;
};

constexpr ConstraintKind kConstraints[] = {
    {SQLITE_CONSTRAINT_UNIQUE, "unique", "UNIQUE"},
    {SQLITE_CONSTRAINT_PRIMARYKEY, "primary_key", "PRIMARY KEY"},
    {SQLITE_CONSTRAINT_ROWID, "primary_key", "PRIMARY KEY"},
    {SQLITE_CONSTRAINT_NOTNULL, "not_null", "NOT NULL"},
    {SQLITE_CONSTRAINT_FOREIGNKEY, "foreign_key", "FOREIGN KEY"},
    {SQLITE_CONSTRAINT_CHECK, "check", "CHECK"},
    {SQLITE_CONSTRAINT_TRIGGER, "trigger", "TRIGGER"},
    {SQLITE_CONSTRAINT_DATATYPE, "datatype", "DATATYPE"},
};

std::string_view after(std::string_view text, std::string_view mark) {
    const auto at = text.find(mark);
    return at == std::string_view::npos ? std::string_view() : text.substr(at + mark.size());
}

// "t.a, t.b" -> table t, columns a and b. A name with a dot or comma in it cannot be told apart;
// the message still has it in full.
void add_columns(Error& error, std::string_view list) {
    boost::json::array columns;
    std::string_view table;
    while (!list.empty()) {
        const auto comma = list.find(", ");
        const auto item = list.substr(0, comma);
        const auto dot = item.find('.');
        if (dot == std::string_view::npos) return;
        table = item.substr(0, dot);
        columns.push_back(json_text(item.substr(dot + 1)));
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 2);
    }
    if (columns.empty()) return;
    error.details["table"] = json_text(table);
    error.details["columns"] = std::move(columns);
}

Error constraint_error(int code, std::string_view message) {
    Error error = conflict(std::string(message), "constraint_violation");
    const auto* found = std::ranges::find(kConstraints, code, &ConstraintKind::code);
    if (found == std::end(kConstraints)) return error;
    std::string_view name = found->name;
    const auto subject = after(message, "constraint failed: ");
    if (code == SQLITE_CONSTRAINT_CHECK) {
        if (!subject.empty()) name = subject;
    } else if (subject.starts_with("index '") && subject.ends_with('\'')) {
        name = subject.substr(7, subject.size() - 8);
    } else if (code == SQLITE_CONSTRAINT_DATATYPE) {
        add_columns(error, after(message, " column "));
    } else if (!subject.empty()) {
        add_columns(error, subject);
    }
    error.details["kind"] = json_text(found->kind);
    error.details["constraint"] = json_text(name);
    return error;
}

Error bad_sql(std::string_view message, int offset, std::string_view sql) {
    Error error;
    const bool syntax = message.find("syntax error") != std::string_view::npos
                        || message.starts_with("unrecognized token")
                        || message.starts_with("incomplete input");
    if (syntax) {
        error = invalid_argument("SQL parsing failed: " + std::string(message), "sql_syntax_error");
    } else if (message.starts_with("no such table: ")) {
        // SQLite names the schema too; there is only one here.
        auto name = after(message, "no such table: ");
        if (name.starts_with("main.")) name.remove_prefix(5);
        error = invalid_argument("no such table: " + std::string(name), "no_such_table");
    } else if (message.starts_with("no such column: ")) {
        error = invalid_argument(std::string(message), "no_such_column");
    } else {
        error = invalid_argument(std::string(message), "sql_error");
    }
    // "incomplete input" has no token to point at; the end of the text is what is wrong.
    if (offset < 0 && message.starts_with("incomplete input"))
        offset = static_cast<int>(sql.size());
    if (offset >= 0 && static_cast<std::size_t>(offset) <= sql.size()) {
        const Position at = position_of(sql, static_cast<std::size_t>(offset));
        error.details["line"] = at.line;
        error.details["column"] = at.column;
        error.details["offset"] = offset;
    }
    return error;
}

}  // namespace

Position position_of(std::string_view text, std::size_t offset) {
    Position position;
    for (const char c : text.substr(0, offset)) {
        if (c == '\n') {
            ++position.line;
            position.column = 1;
        } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
            ++position.column;
        }
    }
    return position;
}

Error describe_error(int code, std::string_view message, int offset, std::string_view sql) {
    if (code == SQLITE_BUSY_SNAPSHOT) {
        return conflict("another commit came after this transaction's snapshot; begin again",
                        "serialization_failure");
    }
    switch (code & 0xFF) {
        case SQLITE_CONSTRAINT: return constraint_error(code, message);
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return unavailable("the database is locked; retry in a moment", "busy");
        case SQLITE_FULL: return unavailable("the disk is full", "storage_full");
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return data_loss("the database file is damaged");
        case SQLITE_NOMEM:
            return unavailable("the statement needs more memory than it may have", "out_of_memory");
        case SQLITE_INTERRUPT: return deadline_exceeded("the statement was stopped; it is undone");
        case SQLITE_TOOBIG:
            return too_large("a value or statement is larger than the limit", "value_too_large");
        case SQLITE_READONLY: return forbidden("the database is open for reading only");
        case SQLITE_AUTH: return forbidden("not authorised");
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN: return unavailable("the database file cannot be read or written");
        case SQLITE_ERROR:
        case SQLITE_MISMATCH:
        case SQLITE_RANGE: return bad_sql(message, offset, sql);
        case SQLITE_SCHEMA: return unavailable("the schema keeps changing; retry", "busy");
        default: return internal_error("SQLite: " + std::string(message));
    }
}

Error to_error(sqlite3* connection, int code, std::string_view sql) {
    if (connection == nullptr) return describe_error(code, sqlite3_errstr(code), -1, sql);
    // The handle's own code is the more exact one as long as it is about the same failure.
    const int extended = sqlite3_extended_errcode(connection);
    const bool same = (extended & 0xFF) == (code & 0xFF);
    const char* message = same ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    const int offset = same && !sql.empty() ? sqlite3_error_offset(connection) : -1;
    return describe_error(same ? extended : code, message, offset, sql);
}

}  // namespace zs::sqlite
