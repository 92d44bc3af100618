#include "sqlite/checkpointer.hpp"

#include "sqlite/group_writer.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <random>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace zs::sqlite {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr Checkpointer::Limits kLimits{100, 20, 300};

class CheckpointerTest : public ::testing::Test {
protected:
    void SetUp() override { start(); }
    void TearDown() override { stop(); }

    void start() {
        auto connection = Connection::open(file(), OpenMode::ReadWriteCreate);
        ASSERT_TRUE(connection);
        ASSERT_TRUE(connection->execute("CREATE TABLE IF NOT EXISTS t(a INTEGER, b BLOB)"));
        checkpointer_ = std::make_unique<Checkpointer>(file(), lock_, kLimits);
        checkpointer_->watch(*connection);
        writer_ =
            std::make_unique<GroupWriter>(std::move(*connection), lock_, GroupWriter::Limits());
    }
    void stop() {
        writer_.reset();
        checkpointer_.reset();
    }
    // A commit of about `pages` pages.
    Result<void> write(std::size_t pages) {
        const auto work = [this, pages](Connection& connection) -> Result<void> {
            auto insert = connection.prepare_cached("INSERT INTO t VALUES(?1, zeroblob(?2))");
            if (!insert) return std::move(insert).error();
            auto bound = insert->bind(1, ++rows_);
            if (bound) bound = insert->bind(2, static_cast<std::int64_t>(pages * kPageBytes));
            return bound ? insert->run() : bound;
        };
        return writer_->run_blocking(work);
    }
    std::int64_t count_rows() {
        auto reader = Connection::open(file(), OpenMode::ReadOnly);
        EXPECT_TRUE(reader);
        auto query = reader->prepare("SELECT count(DISTINCT a) FROM t");
        EXPECT_TRUE(query && *query->step());
        return query->integer(0);
    }
    std::string check() {
        auto reader = Connection::open(file(), OpenMode::ReadOnly);
        auto query = reader->prepare("PRAGMA integrity_check");
        EXPECT_TRUE(query && *query->step());
        return std::string(query->text(0));
    }
    std::string file() const { return folder_.file("test.db"); }
    std::size_t log_pages() const {
        return std::filesystem::file_size(file() + "-wal") / kPageBytes;
    }
    // The main file alone, as it is after a checkpoint.
    std::size_t database_pages() const { return std::filesystem::file_size(file()) / kPageBytes; }

    testing::TempDir folder_;
    std::shared_ptr<WriteLock> lock_ = std::make_shared<WriteLock>();
    std::unique_ptr<Checkpointer> checkpointer_;
    std::unique_ptr<GroupWriter> writer_;
    std::int64_t rows_ = 0;
};

TEST_F(CheckpointerTest, TheLogStaysBoundedWhileWritesGoOn) {
    constexpr std::size_t kCommit = 10;
    std::size_t longest = 0;
    for (int i = 0; i < 800; ++i) {
        ASSERT_TRUE(write(kCommit));
        longest = std::max(longest, log_pages());
    }
    // Eight thousand pages were written. Beyond the limit there are the commits that get in
    // between before the checkpoint has its turn.
    EXPECT_LT(longest, 1000U);
    EXPECT_GT(database_pages(), 4000U);
    stop();
    EXPECT_EQ(count_rows(), rows_);
    EXPECT_EQ(check(), "ok");
}

TEST_F(CheckpointerTest, NoCheckpointIsMadeBeforeItIsDue) {
    const std::size_t before = database_pages();
    for (int i = 0; i < 8; ++i)
        ASSERT_TRUE(write(10));
    EXPECT_EQ(database_pages(), before);
    EXPECT_EQ(count_rows(), rows_);
}

TEST_F(CheckpointerTest, AReaderOfAnOldStateKeepsItAndHoldsUpNobody) {
    ASSERT_TRUE(write(1));
    auto reader = Connection::open(file(), OpenMode::ReadOnly);
    ASSERT_TRUE(reader && reader->execute("BEGIN"));
    auto query = reader->prepare("SELECT count(*) FROM t");
    ASSERT_TRUE(query && *query->step());
    EXPECT_EQ(query->integer(0), 1);
    for (int i = 0; i < 200; ++i)
        ASSERT_TRUE(write(10));
    // Nothing that the reader does not see may be in the file it reads from.
    EXPECT_GE(log_pages(), 2000U);
    query = reader->prepare("SELECT count(*) FROM t");
    ASSERT_TRUE(query && *query->step());
    EXPECT_EQ(query->integer(0), 1);
    query = reader->prepare("SELECT 1");
    ASSERT_TRUE(reader->execute("COMMIT"));
    // With the reader gone the log is copied and begins anew.
    for (int i = 0; i < 400 && database_pages() < 2000; ++i)
        ASSERT_TRUE(write(10));
    EXPECT_GE(database_pages(), 2000U);
    EXPECT_EQ(count_rows(), rows_);
}

TEST_F(CheckpointerTest, EveryWatchedConnectionCounts) {
    auto other = Connection::open(file(), OpenMode::ReadWriteCreate);
    ASSERT_TRUE(other);
    checkpointer_->watch(*other);
    const std::size_t before = database_pages();
    for (int i = 0; i < 1000 && database_pages() == before; ++i) {
        auto turn = lock_->enqueue();
        const auto hold = turn.wait_blocking(async::Deadline::never());
        ASSERT_TRUE(other->execute("INSERT INTO t VALUES(-1, zeroblob(40960))"));
    }
    EXPECT_GT(database_pages(), before);
    other = conflict("closed");
}

TEST_F(CheckpointerTest, AnEndInTheMiddleLosesNothing) {
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 15; ++i)
            ASSERT_TRUE(write(10));
        stop();
        EXPECT_EQ(count_rows(), rows_);
        start();
    }
    EXPECT_EQ(check(), "ok");
}

TEST_F(CheckpointerTest, StopsWhileSomebodyElseHoldsTheLock) {
    auto turn = lock_->enqueue();
    auto other = Connection::open(file(), OpenMode::ReadWriteCreate);
    ASSERT_TRUE(other);
    checkpointer_->watch(*other);
    auto hold = turn.wait_blocking(async::Deadline::never());
    for (int i = 0; i < 50; ++i)
        ASSERT_TRUE(other->execute("INSERT INTO t VALUES(-1, zeroblob(40960))"));
    other = conflict("closed");
    writer_.reset();
    checkpointer_.reset();
    hold.release();
    EXPECT_EQ(check(), "ok");
}

// A process that writes and tells each commit on its standard way out, until it is killed.
class Victim {
public:
    template <class Body>
    explicit Victim(Body body) {
        int ends[2] = {-1, -1};
        EXPECT_EQ(::pipe(ends), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            body(ends[1]);
            ::_exit(1);
        }
        ::close(ends[1]);
        told_ = ends[0];
    }
    ~Victim() { ::close(told_); }
    // Reads so many reports, kills it, and answers the last report.
    std::int64_t kill_after(int reports) {
        std::int64_t last = 0;
        const auto next = [&] { return ::read(told_, &last, sizeof last) == sizeof last; };
        while (reports-- > 0 && next()) {}
        ::kill(pid_, SIGKILL);
        while (next()) {}
        int status = 0;
        ::waitpid(pid_, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status));
        return last;
    }

private:
    pid_t pid_ = -1;
    int told_ = -1;
};

// While it lives, databases that are opened can be made to fail their syncs. Their logs are spared.
class FailingSyncs {
public:
    FailingSyncs() {
        sqlite3_vfs* const usual = sqlite3_vfs_find(nullptr);
        open_ = usual->xOpen;
        vfs_ = *usual;
        vfs_.zName = "failing-syncs";
        vfs_.xOpen = [](sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags,
                        int* flags_out) {
            const int code = open_(vfs, name, file, flags, flags_out);
            if (code != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0) return code;
            sync_ = file->pMethods->xSync;
            methods_ = *file->pMethods;
            methods_.xSync = [](sqlite3_file* failing, int how) {
                return fail ? SQLITE_IOERR_FSYNC : sync_(failing, how);
            };
            file->pMethods = &methods_;
            return code;
        };
        sqlite3_vfs_register(&vfs_, 1);
    }
    ~FailingSyncs() { sqlite3_vfs_unregister(&vfs_); }

    inline static std::atomic<bool> fail{false};

private:
    inline static sqlite3_vfs vfs_;
    inline static sqlite3_io_methods methods_;
    inline static decltype(sqlite3_vfs::xOpen) open_ = nullptr;
    inline static decltype(sqlite3_io_methods::xSync) sync_ = nullptr;
};

TEST_F(CheckpointerTest, FailedSyncsKeepTheLogAndHoldUpNobody) {
    stop();
    {
        const FailingSyncs syncs;
        start();
        FailingSyncs::fail = true;
        // Far more than the limit: nobody waits for checkpoints that do not come.
        for (int i = 0; i < 200; ++i)
            ASSERT_TRUE(write(10));
        EXPECT_GE(log_pages(), 2000U);
        FailingSyncs::fail = false;
        for (int i = 0; i < 50; ++i)
            ASSERT_TRUE(write(10));
        stop();
    }
    start();
    EXPECT_EQ(count_rows(), rows_);
    EXPECT_EQ(check(), "ok");
}

TEST_F(CheckpointerTest, AKillAtAnyMomentLosesNothing) {
    stop();
    constexpr std::uint32_t kSeed = 7;
    RecordProperty("seed", kSeed);
    std::mt19937 random(kSeed);
    const std::size_t before = database_pages();
    for (int round = 0; round < 25; ++round) {
        const int reports = std::uniform_int_distribution<int>(20, 80)(random);
        Victim victim([this](int out) {
            start();
            while (write(8) && ::write(out, &rows_, sizeof rows_) == sizeof rows_) {}
        });
        const std::int64_t told = victim.kill_after(reports);
        const std::int64_t kept = count_rows();
        EXPECT_GE(kept, told) << "round " << round << ", seed " << kSeed;
        EXPECT_EQ(check(), "ok") << "round " << round << ", seed " << kSeed;
        rows_ = kept;
    }
    // The checkpoints were among what was interrupted.
    EXPECT_GT(database_pages(), before + 1000);
}

}  // namespace
}  // namespace zs::sqlite
