#include "sqlite/connection.hpp"

#include "sqlite/memory_guard.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <thread>

namespace zs::sqlite {
namespace {

class ConnectionTest : public ::testing::Test {
protected:
    Connection open(OpenMode mode = OpenMode::ReadWriteCreate, ConnectionOptions options = {}) {
        auto opened = Connection::open(folder_.file("test.db"), mode, options);
        EXPECT_TRUE(opened.has_value()) << opened.error().message;
        return std::move(*opened);
    }
    static std::string ask(Connection& connection, std::string_view sql) {
        auto query = connection.prepare(sql);
        if (!query) return query.error().message;
        const auto row = query->step();
        return row && *row ? std::string(query->text(0)) : "(no row)";
    }
    testing::TempDir folder_;
};

TEST_F(ConnectionTest, HasTheHousesSettings) {
    auto connection = open();
    EXPECT_EQ(ask(connection, "PRAGMA journal_mode"), "wal");
    EXPECT_EQ(ask(connection, "PRAGMA synchronous"), "2");
    EXPECT_EQ(ask(connection, "PRAGMA foreign_keys"), "1");
    EXPECT_EQ(ask(connection, "PRAGMA trusted_schema"), "0");
    EXPECT_FALSE(connection.prepare("SELECT \"text\"").has_value());
}

TEST_F(ConnectionTest, AReaderCannotWriteAndNeedsTheFile) {
    EXPECT_FALSE(Connection::open(folder_.file("none.db"), OpenMode::ReadOnly).has_value());
    auto writer = open();
    ASSERT_TRUE(writer.execute("CREATE TABLE t(a); INSERT INTO t VALUES (1);").has_value());
    auto reader = open(OpenMode::ReadOnly);
    EXPECT_EQ(ask(reader, "SELECT a FROM t"), "1");
    EXPECT_FALSE(reader.execute("DELETE FROM t").has_value());
}

TEST_F(ConnectionTest, BindsAndReadsEveryType) {
    auto connection = open();
    auto query = connection.prepare("SELECT ?1, ?2, ?3, ?4, ?5, ?6");
    ASSERT_TRUE(query.has_value());
    ASSERT_TRUE(query
                    ->bind_all(nullptr, std::int64_t{1} << 60, 0.5, "text", BlobView{"\x00\x01"},
                               std::optional<std::string>())
                    .has_value());
    ASSERT_TRUE(*query->step());
    EXPECT_TRUE(query->is_null(0));
    EXPECT_EQ(query->integer(1), std::int64_t{1} << 60);
    EXPECT_EQ(query->real(2), 0.5);
    EXPECT_EQ(query->text(3), "text");
    EXPECT_EQ(query->column_type(4), ColumnType::Blob);
    EXPECT_TRUE(query->is_null(5));
    EXPECT_FALSE(query->bind(7, 1).has_value());
}

TEST_F(ConnectionTest, CachedStatementsComeBackCleanAndAreNeverShared) {
    ConnectionOptions options;
    options.statements_cached_max = 2;
    auto connection = open(OpenMode::ReadWriteCreate, options);
    const std::string sql = "SELECT ?1";
    sqlite3_stmt* handle = nullptr;
    {
        auto first = connection.prepare_cached(sql);
        auto second = connection.prepare_cached(sql);
        handle = first->handle();
        EXPECT_NE(second->handle(), handle);
        ASSERT_TRUE(first->bind(1, 5).has_value());
        ASSERT_TRUE(*first->step());
        second->forget();
    }
    {
        auto again = connection.prepare_cached(sql);
        EXPECT_EQ(again->handle(), handle);
        ASSERT_TRUE(*again->step());
        EXPECT_TRUE(again->is_null(0));
        connection.clear_statements();
    }
    (void)connection.prepare_cached("SELECT 1");
    (void)connection.prepare_cached("SELECT 2");
    (void)connection.prepare_cached("SELECT 3");
    EXPECT_NE(connection.prepare_cached("SELECT 1")->handle(), nullptr);
}

TEST_F(ConnectionTest, OneStatementMeansOne) {
    auto connection = open();
    EXPECT_EQ(connection.prepare("SELECT 1; SELECT 2").error().reason, "multiple_statements");
    EXPECT_EQ(connection.prepare(" -- nothing").error().reason, "sql_syntax_error");
    EXPECT_TRUE(connection.prepare("SELECT 1; -- done").has_value());
}

TEST_F(ConnectionTest, MemoryIsLimitedPerScopeAndThread) {
    auto connection = open();
    const std::string sql = "SELECT length(randomblob(4000000))";
    {
        const MemoryScope scope(std::size_t{1} << 20);
        auto query = connection.prepare(sql);
        ASSERT_TRUE(query.has_value());
        const auto row = query->step();
        ASSERT_FALSE(row.has_value());
        EXPECT_EQ(row.error().reason, "out_of_memory");
        EXPECT_TRUE(scope.was_exhausted());
        std::thread elsewhere([&] {
            auto other = Connection::open(folder_.file("other.db"), OpenMode::ReadWriteCreate);
            EXPECT_EQ(ask(*other, sql), "4000000");
        });
        elsewhere.join();
    }
    EXPECT_EQ(ask(connection, sql), "4000000");
}

TEST_F(ConnectionTest, MemoryFreedByAnotherScopeIsNotCountedBelowZero) {
    MemoryScope scope(1000);
    scope.give(500);
    EXPECT_EQ(scope.used(), 0U);
    EXPECT_TRUE(scope.take(1000));
    EXPECT_FALSE(scope.take(1));
    scope.give(1000);
}

TEST(MemoryScopeTest, ChargesWhatItCreditsLater) {
    install_memory_guard();
    const MemoryScope scope(std::size_t{1} << 20);
    for (int size = 1; size < 2000; size += 7) {
        void* const kept = sqlite3_malloc(size);
        ASSERT_NE(kept, nullptr);
        const std::size_t before = scope.used();
        void* memory = sqlite3_malloc(size);
        memory = sqlite3_realloc(memory, size * 3);
        memory = sqlite3_realloc(memory, size / 2 + 1);
        sqlite3_free(memory);
        EXPECT_EQ(scope.used(), before) << size;
        sqlite3_free(kept);
    }
    EXPECT_EQ(scope.used(), 0U);
}

}  // namespace
}  // namespace zs::sqlite
