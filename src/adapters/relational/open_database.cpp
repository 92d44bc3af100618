#include "adapters/relational/open_database.hpp"

#include "adapters/relational/sqlite/sqlite_database.hpp"

namespace zs::relational {

Result<std::unique_ptr<Database>> open_database(const DatabaseConfig& config,
                                                async::BlockingPool& blocking) {
    SqliteConfig sqlite;
    sqlite.path = config.sqlite_path;
    sqlite.readers_max = config.readers_max;
    sqlite.write_queue_max = config.write_queue_max;
    return SqliteDatabase::open(std::move(sqlite), blocking);
}

}  // namespace zs::relational
