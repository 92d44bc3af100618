#include "support/test_databases.hpp"

#include "adapters/relational/migrations.hpp"
#include "support/postgres_server.hpp"
#include "support/run_task.hpp"
#include "support/temp_dir.hpp"

#include <stdexcept>
#include <utility>

namespace zs::testing {
namespace {

template <class T>
T value_or_throw(Result<T> result, const std::string& what) {
    if (!result) throw std::runtime_error(what + ": " + result.error().message);
    return std::move(*result);
}

// What both kinds share: threads, the open database, its schema.
class OpenDatabase : public TestDatabase {
public:
    relational::Database& database() override { return *database_; }
    async::BlockingPool& blocking() override { return blocking_; }
    std::unique_ptr<relational::Database> open_again() override {
        return value_or_throw(relational::open_database(config_, blocking_), "open the database");
    }

    void open(Schema schema) {
        database_ = open_again();
        if (schema == Schema::Empty) return;
        auto files = value_or_throw(relational::embedded_migrations(database_->dialect()),
                                    "read the migrations");
        const SystemClock clock;
        relational::Migrator migrator(*database_, clock, std::move(files));
        value_or_throw(run_task(migrator.up()), "migrate");
    }

protected:
    relational::DatabaseConfig config_;

private:
    async::BlockingPool blocking_{"test-db", {.threads = 8, .queue_max = 4096}};

protected:
    std::unique_ptr<relational::Database> database_;
};

class SqliteFile final : public OpenDatabase {
public:
    SqliteFile() { config_.sqlite_path = folder_.file("control.db"); }
    ~SqliteFile() override { database_.reset(); }

private:
    TempDir folder_;
};

class PostgresDatabase final : public OpenDatabase {
public:
    PostgresDatabase() : name_(PostgresServer::shared().take_database()) {
        config_.postgres_url = Secret(PostgresServer::shared().url(name_));
        config_.connections_max = 8;
    }
    ~PostgresDatabase() override {
        database_.reset();
        try {
            PostgresServer::shared().give_back_database(name_);
        } catch (const std::exception& error) {
            // It is not handed out again, and goes with the server.
            ADD_FAILURE() << "a test left its database unusable: " << error.what();
        }
    }

private:
    std::string name_;
};

}  // namespace

std::unique_ptr<TestDatabase> TestDatabase::make(relational::Dialect dialect, Schema schema) {
    std::unique_ptr<OpenDatabase> made;
    switch (dialect) {
        case relational::Dialect::Sqlite: made = std::make_unique<SqliteFile>(); break;
        case relational::Dialect::Postgres: made = std::make_unique<PostgresDatabase>(); break;
    }
    made->open(schema);
    return made;
}

std::vector<relational::Dialect> all_dialects() {
    return {relational::Dialect::Sqlite, relational::Dialect::Postgres};
}

std::string dialect_name(const ::testing::TestParamInfo<relational::Dialect>& info) {
    return info.param == relational::Dialect::Sqlite ? "Sqlite" : "Postgres";
}

}  // namespace zs::testing
