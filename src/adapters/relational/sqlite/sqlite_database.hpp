#pragma once

#include "adapters/relational/database.hpp"
#include "async/blocking_pool.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace zs::relational {

struct SqliteConfig {
    std::string path;
    std::size_t readers_max = 4;
    std::size_t write_queue_max = 4096;
};

// The control plane in one SQLite file. One thread writes: it takes all that waits into one
// transaction, a savepoint each, and commits once. Readers have connections of their own and run on
// `blocking`; each read sees one snapshot (write-ahead log) and delays nobody.
// Threading:  as Database. Lifetime: `blocking` outlives it; the destructor finishes queued writes,
//             so nobody waits any more when it is destroyed.
// Durability: synchronous=FULL, so a success survives power loss.
class SqliteDatabase final : public Database {
public:
    // Blocks. Errors: Unavailable when the file cannot be opened or created, DataLoss when it is no
    // database.
    static Result<std::unique_ptr<Database>> open(SqliteConfig config,
                                                  async::BlockingPool& blocking);
    ~SqliteDatabase() override;

    Dialect dialect() const override { return Dialect::Sqlite; }
    // Transactions committed since the start; fewer than writes, because writes share them.
    std::uint64_t commits() const;

protected:
    async::Task<Result<void>> run_body(Access access, Body body) override;

private:
    struct State;
    SqliteDatabase(std::unique_ptr<State> state, async::BlockingPool& blocking);
    async::Task<Result<void>> run_read(Body body);

    std::unique_ptr<State> state_;
    async::BlockingPool& blocking_;
};

}  // namespace zs::relational
