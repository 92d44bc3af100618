#include "adapters/sqlite_data/sqlite_collections.hpp"

#include "adapters/sqlite_data/sqlite_sql_engine.hpp"
#include "async/io_runtime.hpp"
#include "contract/collection_store_contract.hpp"
#include "support/temp_dir.hpp"

#include <memory>

namespace zs::testing {
namespace {

// An engine over a scratch folder, and its collections.
struct SqliteHome {
    SqliteHome() { io.start(); }
    TempDir folder;
    SystemClock clock;
    async::IoRuntime io{1};
    async::BlockingPool pool{"test", {.threads = 2, .queue_max = 64}};
    sqlite_data::SqliteSqlEngine engine{options(), pool};
    sqlite_data::SqliteCollections collections{engine, clock, io.executor()};

private:
    sqlite_data::SqliteDataOptions options() const {
        sqlite_data::SqliteDataOptions made;
        made.folder = folder.file("sql");
        return made;
    }
};

std::unique_ptr<SqliteHome>& home() {
    static std::unique_ptr<SqliteHome> current;
    return current;
}

CollectionStores make_sqlite() {
    home() = std::make_unique<SqliteHome>();
    return {&home()->collections, &home()->collections};
}

const CollectionStoreFactory kSqlite{"sqlite", make_sqlite};

INSTANTIATE_TEST_SUITE_P(Sqlite, CollectionStoreContract, ::testing::Values(kSqlite),
                         [](const auto& factory) { return factory.param.name; });

}  // namespace
}  // namespace zs::testing
