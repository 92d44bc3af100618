#pragma once

#include "adapters/relational/database.hpp"
#include "async/blocking_pool.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"

#include <memory>

namespace zs::relational {

struct PostgresConfig {
    Secret url;
    std::size_t connections_max = 20;
    std::size_t connections_min = 5;
    Seconds connection_timeout{30};
    Seconds idle_timeout{600};
    Millis statement_timeout{30'000};
};

// The control plane on PostgreSQL 14 or later, through libpq on the threads of `blocking`.
//
// A write is SERIALIZABLE, so that a closure may think it is alone, as on SQLite. One that loses a
// race (SQLSTATE 40001, 40P01) is run again with a growing random pause, 20 times at most; then the
// answer is Conflict "serialization_failure". A closure that locks its rows itself may begin with
// script("set transaction isolation level read committed"). A read is a REPEATABLE READ, READ ONLY
// snapshot. A lost connection is replaced and the closure run again, unless it was lost during
// COMMIT: DeadlineExceeded, the outcome is unknown. Prepared statements live with their connection,
// so a pooler between must pin sessions.
// Threading: as Database. Lifetime: `blocking` outlives it.
class PostgresDatabase final : public Database {
public:
    // Connects once, blocking. Errors: InvalidArgument for a bad URL; Unavailable.
    static Result<std::unique_ptr<Database>> open(PostgresConfig config,
                                                  async::BlockingPool& blocking);
    ~PostgresDatabase() override;

    Dialect dialect() const override { return Dialect::Postgres; }
    std::size_t open_connections() const;

protected:
    async::Task<Result<void>> run_body(Access access, Body body) override;

private:
    struct Attempt;
    struct State;
    PostgresDatabase(std::unique_ptr<State> state, async::BlockingPool& blocking);
    Attempt attempt_blocking(Access access, const Body& body);

    std::unique_ptr<State> state_;
    async::BlockingPool& blocking_;
};

}  // namespace zs::relational
