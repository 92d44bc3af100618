#include "support/sqlite_client.hpp"

#include "support/failure.hpp"

#include <sqlite3.h>

namespace zs::bench {

struct SqliteClient::Impl {
    sqlite3* db = nullptr;
};

struct SqliteClient::Statement::Impl {
    sqlite3* db = nullptr;
    sqlite3_stmt* statement = nullptr;
};

namespace {

void check(sqlite3* db, int code) {
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
        throw Failure(std::string("SQLite: ") + sqlite3_errmsg(db));
    }
}

}  // namespace

SqliteClient::SqliteClient(const std::filesystem::path& file) : impl_(std::make_unique<Impl>()) {
    check(impl_->db, sqlite3_open(file.c_str(), &impl_->db));
    run("pragma journal_mode = wal; pragma synchronous = full");
}

SqliteClient::~SqliteClient() {
    sqlite3_close(impl_->db);
}

void SqliteClient::run(const std::string& script) {
    check(impl_->db, sqlite3_exec(impl_->db, script.c_str(), nullptr, nullptr, nullptr));
}

SqliteClient::Statement::Statement(SqliteClient& client, const std::string& sql)
    : impl_(std::make_unique<Impl>()) {
    impl_->db = client.impl_->db;
    check(impl_->db, sqlite3_prepare_v3(impl_->db, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT,
                                        &impl_->statement, nullptr));
}

SqliteClient::Statement::~Statement() {
    sqlite3_finalize(impl_->statement);
}

SqliteClient::Statement& SqliteClient::Statement::bind(int index, std::int64_t value) {
    check(impl_->db, sqlite3_bind_int64(impl_->statement, index, value));
    return *this;
}

SqliteClient::Statement& SqliteClient::Statement::bind(int index, const std::string& value) {
    check(impl_->db, sqlite3_bind_text(impl_->statement, index, value.data(), int(value.size()),
                                       SQLITE_TRANSIENT));
    return *this;
}

int SqliteClient::Statement::execute() {
    int rows = 0;
    int code = SQLITE_DONE;
    while ((code = sqlite3_step(impl_->statement)) == SQLITE_ROW) {
        const int columns = sqlite3_column_count(impl_->statement);
        for (int i = 0; i < columns; ++i)
            sqlite3_column_text(impl_->statement, i);
        ++rows;
    }
    sqlite3_reset(impl_->statement);
    check(impl_->db, code);
    return rows;
}

}  // namespace zs::bench
