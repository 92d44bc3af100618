#pragma once

#include "adapters/relational/database.hpp"
#include "adapters/relational/postgres/connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace zs::relational::postgres {

// One transaction on one connection. BEGIN travels with the first statement and what
// execute_later() keeps travels with the next, so n statements and the COMMIT of a write cost n + 1
// round trips, and only 1 when all are execute_later(); reads do not wait for their COMMIT: n round
// trips.
// Threading: one thread. Lifetime: the connection outlives it.
class PostgresSession final : public Session {
public:
    // `begin` is the statement that opens the transaction.
    PostgresSession(Connection& connection, std::string_view begin)
        : connection_(connection), begin_(begin) {}
    // Rolls back what was not committed, without waiting; a read ends so too.
    ~PostgresSession() override;
    PostgresSession(const PostgresSession&) = delete;
    PostgresSession& operator=(const PostgresSession&) = delete;

    Result<Rows> query(std::string_view sql, std::span<const Value> params) override;
    Result<std::int64_t> execute(std::string_view sql, std::span<const Value> params) override;
    Result<void> execute_later(std::string_view sql, std::span<const Value> params) override;
    Result<void> insert_rows(std::string_view into, std::string_view tuple,
                             std::span<const ValueView> params) override;
    Result<void> script(std::string_view sql) override;
    Dialect dialect() const override { return Dialect::Postgres; }

    // The first failure of a statement; the transaction is void then.
    const std::optional<Failure>& failure() const { return failure_; }

    // Errors: DeadlineExceeded when the connection is lost: nobody knows whether it happened.
    Outcome<void> commit();

private:
    struct Later {
        std::string sql;
        std::vector<Value> params;
    };

    // Sends BEGIN if it is due, what was left for later, and `last`; answers the answer to `last`.
    Outcome<Answer> flush(const Command* last);
    Result<void> keep_for_later(std::string_view sql, std::vector<Value> params);
    Result<Answer> run(std::string_view sql, std::span<const Value> params);

    Connection& connection_;
    const std::string_view begin_;
    bool is_open_ = false;  // BEGIN is sent, and no COMMIT has been answered
    std::vector<Later> later_;
    std::optional<Failure> failure_;
};

}  // namespace zs::relational::postgres
