#include "sqlite/statement.hpp"

#include "sqlite/errors.hpp"
#include "sqlite/statement_cache.hpp"

#include <sqlite3.h>

#include <utility>

namespace zs::sqlite {
namespace {

// SQLite takes a null pointer for NULL; an empty text or blob is not NULL.
const char* pointer_to(std::string_view bytes) {
    return bytes.data() == nullptr ? "" : bytes.data();
}

}  // namespace

sqlite3_stmt* StatementCache::take(std::string_view sql) {
    const auto found = by_text_.find(sql);
    if (found == by_text_.end()) return nullptr;
    const auto entry = found->second;
    sqlite3_stmt* const statement = entry->statement;
    by_text_.erase(found);
    entries_.erase(entry);
    return statement;
}

void StatementCache::give(sqlite3_stmt* statement, std::string sql) {
    // The same text may have been prepared twice at once; one is enough.
    if (closed_ || entries_max_ == 0 || by_text_.contains(sql)) {
        sqlite3_finalize(statement);
        return;
    }
    if (entries_.size() >= entries_max_) drop_oldest();
    Entry entry = {std::move(sql), statement};
    entries_.push_front(std::move(entry));
    by_text_.emplace(entries_.front().sql, entries_.begin());
}

void StatementCache::drop_oldest() {
    by_text_.erase(entries_.back().sql);
    sqlite3_finalize(entries_.back().statement);
    entries_.pop_back();
}

void StatementCache::close() {
    closed_ = true;
    while (!entries_.empty())
        drop_oldest();
}

Statement::Statement(sqlite3_stmt* statement, std::string_view sql,
                     std::shared_ptr<StatementCache> home)
    : statement_(statement), sql_(sql), home_(std::move(home)) {}

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)),
      sql_(std::move(other.sql_)),
      home_(std::move(other.home_)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
    if (this == &other) return *this;
    give_back();
    statement_ = std::exchange(other.statement_, nullptr);
    sql_ = std::move(other.sql_);
    home_ = std::move(other.home_);
    return *this;
}

Statement::~Statement() {
    give_back();
}

void Statement::give_back() {
    sqlite3_stmt* const statement = std::exchange(statement_, nullptr);
    if (statement == nullptr) return;
    if (home_ == nullptr) {
        sqlite3_finalize(statement);
        return;
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    home_->give(statement, std::move(sql_));
    home_.reset();
}

Error Statement::last_error(int code) const {
    return to_error(sqlite3_db_handle(statement_), code, sql_);
}

Result<void> Statement::bind(int index, std::nullptr_t) {
    const int code = sqlite3_bind_null(statement_, index);
    if (code != SQLITE_OK) return last_error(code);
    return {};
}

Result<void> Statement::bind(int index, std::int64_t value) {
    const int code = sqlite3_bind_int64(statement_, index, value);
    if (code != SQLITE_OK) return last_error(code);
    return {};
}

Result<void> Statement::bind(int index, double value) {
    const int code = sqlite3_bind_double(statement_, index, value);
    if (code != SQLITE_OK) return last_error(code);
    return {};
}

Result<void> Statement::bind(int index, std::string_view text) {
    const int code = sqlite3_bind_text64(statement_, index, pointer_to(text), text.size(),
                                         SQLITE_TRANSIENT, SQLITE_UTF8);
    if (code != SQLITE_OK) return last_error(code);
    return {};
}

Result<void> Statement::bind(int index, BlobView blob) {
    const int code = sqlite3_bind_blob64(statement_, index, pointer_to(blob.bytes),
                                         blob.bytes.size(), SQLITE_TRANSIENT);
    if (code != SQLITE_OK) return last_error(code);
    return {};
}

Result<void> Statement::bind_borrowed(int index, std::string_view text) {
    const int code = sqlite3_bind_text64(statement_, index, pointer_to(text), text.size(),
                                         SQLITE_STATIC, SQLITE_UTF8);
    if (code != SQLITE_OK) return last_error(code);
    return {};
}

Result<void> Statement::bind_borrowed(int index, BlobView blob) {
    const int code = sqlite3_bind_blob64(statement_, index, pointer_to(blob.bytes),
                                         blob.bytes.size(), SQLITE_STATIC);
    if (code != SQLITE_OK) return last_error(code);
    return {};
}

void Statement::clear_bindings() {
    sqlite3_clear_bindings(statement_);
}

Result<bool> Statement::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return last_error(code);
}

Result<void> Statement::run() {
    while (true) {
        auto row = step();
        if (!row) return std::move(row).error();
        if (!*row) return {};
    }
}

void Statement::reset() {
    sqlite3_reset(statement_);
}

int Statement::column_count() const {
    return sqlite3_column_count(statement_);
}

std::string_view Statement::column_name(int column) const {
    const char* name = sqlite3_column_name(statement_, column);
    return name == nullptr ? std::string_view() : name;
}

std::string_view Statement::declared_type(int column) const {
    const char* type = sqlite3_column_decltype(statement_, column);
    return type == nullptr ? std::string_view() : type;
}

ColumnType Statement::column_type(int column) const {
    switch (sqlite3_column_type(statement_, column)) {
        case SQLITE_INTEGER: return ColumnType::Integer;
        case SQLITE_FLOAT: return ColumnType::Real;
        case SQLITE_TEXT: return ColumnType::Text;
        case SQLITE_BLOB: return ColumnType::Blob;
        default: return ColumnType::Null;
    }
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const {
    return sqlite3_column_double(statement_, column);
}

std::string_view Statement::text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Statement::blob(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

int Statement::parameter_count() const {
    return sqlite3_bind_parameter_count(statement_);
}

std::string_view Statement::parameter_name(int index) const {
    const char* name = sqlite3_bind_parameter_name(statement_, index);
    return name == nullptr ? std::string_view() : name;
}

bool Statement::read_only() const {
    return sqlite3_stmt_readonly(statement_) != 0;
}

bool Statement::is_explain() const {
    return sqlite3_stmt_isexplain(statement_) != 0;
}

}  // namespace zs::sqlite
