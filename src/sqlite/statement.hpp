#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace zs::sqlite {

// Bytes to bind as a BLOB; text_view stays text.
struct BlobView {
    std::string_view bytes;
};

enum class ColumnType { Null, Integer, Real, Text, Blob };

class StatementCache;

// One prepared statement, positioned on a row after step() answered true. Parameters count from 1,
// columns from 0, as SQLite counts them.
// Lifetime:  destroying it resets it, and gives it back when it came from the cache. Views of
//            columns live until the next step, reset or destruction.
// Threading: as its connection.
class Statement {
public:
    Statement(sqlite3_stmt* statement, std::string_view sql,
              std::shared_ptr<StatementCache> home = nullptr);
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    ~Statement();

    // Copies what it is given.
    Result<void> bind(int index, std::nullptr_t);
    Result<void> bind(int index, std::nullopt_t) { return bind(index, nullptr); }
    Result<void> bind(int index, std::int64_t value);
    Result<void> bind(int index, int value) { return bind(index, std::int64_t{value}); }
    Result<void> bind(int index, bool value) { return bind(index, std::int64_t{value}); }
    Result<void> bind(int index, double value);
    Result<void> bind(int index, std::string_view text);
    Result<void> bind(int index, const std::string& text) {
        return bind(index, std::string_view(text));
    }
    Result<void> bind(int index, const char* text) { return bind(index, std::string_view(text)); }
    Result<void> bind(int index, BlobView blob);
    template <class T>
    Result<void> bind(int index, const std::optional<T>& value) {
        return value ? bind(index, *value) : bind(index, nullptr);
    }
    // Borrows: the bytes outlive the execution (until reset).
    Result<void> bind_borrowed(int index, std::string_view text);
    Result<void> bind_borrowed(int index, BlobView blob);
    // bind_all(a, b, c) binds parameters 1, 2, 3.
    template <class... Args>
    Result<void> bind_all(const Args&... args) {
        int index = 0;
        Result<void> outcome;
        const auto next = [&](const auto& value) {
            return (outcome = bind(++index, value)).has_value();
        };
        (void)(next(args) && ...);
        return outcome;
    }
    void clear_bindings();

    // True: a row is there. False: done.
    Result<bool> step();
    // Steps to the end.
    Result<void> run();
    // Ends the execution and its read snapshot; bindings stay.
    void reset();

    int column_count() const;
    std::string_view column_name(int column) const;
    std::string_view declared_type(int column) const;  // "" for an expression
    ColumnType column_type(int column) const;
    bool is_null(int column) const { return column_type(column) == ColumnType::Null; }
    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string_view text(int column) const;
    std::string_view blob(int column) const;

    int parameter_count() const;
    std::string_view parameter_name(int index) const;  // with its sigil; "" when it has none
    bool read_only() const;
    bool is_explain() const;
    std::string_view sql() const { return sql_; }
    sqlite3_stmt* handle() const { return statement_; }
    // Not given back to the cache.
    void forget() { home_.reset(); }

private:
    Error last_error(int code) const;
    void give_back();

    sqlite3_stmt* statement_ = nullptr;
    std::string sql_;
    std::shared_ptr<StatementCache> home_;
};

}  // namespace zs::sqlite
