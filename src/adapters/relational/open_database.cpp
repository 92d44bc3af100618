#include "adapters/relational/open_database.hpp"

#include "adapters/relational/postgres/postgres_database.hpp"
#include "adapters/relational/sqlite/sqlite_database.hpp"

namespace zs::relational {

Result<std::unique_ptr<Database>> open_database(const DatabaseConfig& config,
                                                async::BlockingPool& blocking) {
    if (!config.postgres_url.empty()) {
        PostgresConfig postgres;
        postgres.url = config.postgres_url;
        postgres.connections_max = config.connections_max;
        postgres.connections_min = config.connections_min;
        postgres.connection_timeout = config.connection_timeout;
        postgres.idle_timeout = config.idle_timeout;
        postgres.statement_timeout = config.statement_timeout;
        return PostgresDatabase::open(std::move(postgres), blocking);
    }
    SqliteConfig sqlite;
    sqlite.path = config.sqlite_path;
    sqlite.readers_max = config.readers_max;
    sqlite.write_queue_max = config.write_queue_max;
    return SqliteDatabase::open(std::move(sqlite), blocking);
}

}  // namespace zs::relational
