#pragma once

#include "adapters/relational/database.hpp"
#include "sqlite/connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::relational {

// One transaction that somebody else begins and ends.
// Threading: one thread. Lifetime: the connection outlives it.
class SqliteSession final : public Session {
public:
    explicit SqliteSession(sqlite::Connection& connection) : connection_(connection) {}

    Result<Rows> query(std::string_view sql, std::span<const Value> params) override;
    Result<std::int64_t> execute(std::string_view sql, std::span<const Value> params) override;
    Result<void> insert_rows(std::string_view into, std::string_view tuple,
                             std::span<const ValueView> params) override;
    Result<void> script(std::string_view sql) override;
    Dialect dialect() const override { return Dialect::Sqlite; }

    // What to answer for the whole: `done`, unless it says success after a failed statement.
    Result<void> verdict(Result<void> done) const;

private:
    struct Kept {
        std::string sql;
        sqlite::Statement statement;
    };

    // Ready to run; valid until the next call.
    template <class AnyValue>
    Result<sqlite::Statement*> bound(std::string_view sql, std::span<const AnyValue> params);
    Result<sqlite::Statement*> prepared(std::string_view sql);
    Error fail(Error error, std::string_view sql);

    sqlite::Connection& connection_;
    std::optional<Error> failure_;
    // Stores repeat a statement for every row: the last ones are not given back in between.
    std::vector<Kept> kept_;
    std::size_t next_kept_ = 0;
};

}  // namespace zs::relational
