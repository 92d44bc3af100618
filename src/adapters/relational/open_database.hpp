#pragma once

#include "adapters/relational/database.hpp"
#include "async/blocking_pool.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace zs::relational {

// Where the control plane lives: a SQLite file, or, when `postgres_url` is set, PostgreSQL.
struct DatabaseConfig {
    std::string sqlite_path;
    Secret postgres_url;  // postgres://user:password@host:port/database?sslmode=…

    std::size_t readers_max = 4;         // SQLite
    std::size_t write_queue_max = 4096;  // SQLite

    std::size_t connections_max = 20;  // PostgreSQL
    std::size_t connections_min = 5;   // stay open when idle
    Seconds connection_timeout{30};    // for connecting and for a free connection
    Seconds idle_timeout{600};
    Millis statement_timeout{30'000};  // 0: none
};

// Opens the database; the schema is the Migrator's business. Blocks: it belongs to the start of the
// process. Calls to the database later run on `blocking`, which outlives it and needs as many
// threads as calls are to run at once.
// Errors: InvalidArgument for a URL that cannot be read; Unavailable when the server does not
//         answer or the file cannot be opened. No message holds the password.
Result<std::unique_ptr<Database>> open_database(const DatabaseConfig& config,
                                                async::BlockingPool& blocking);

}  // namespace zs::relational
