#include "sqlite/checkpointer.hpp"

#include "base/log.hpp"
#include "sqlite/errors.hpp"

#include <sqlite3.h>

#include <chrono>
#include <pthread.h>
#include <utility>

namespace zs::sqlite {
namespace {

// How often it is looked whether the end has come while somebody else holds the write lock.
constexpr std::chrono::milliseconds kLockSlice{20};

// How long writers wait for readers of the log to end, so that it can begin anew. What streams to
// a client takes longer, and is not waited for.
constexpr std::chrono::milliseconds kReadersWait{20};

// Reads and writes pages by itself, without a cache.
constexpr std::size_t kCacheKib = 64;

// What was copied goes to the disk now, while nobody waits: SQLite syncs a database only with the
// last page of its log. False: the disk did not take it. It tells so only once, so nothing that
// was copied may be taken to be there any more.
bool sync_database(Connection& connection) {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file == nullptr || file->pMethods == nullptr) return true;
    return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) == SQLITE_OK;
}

Result<Connection> open(const std::string& path) {
    ConnectionOptions wanted;
    wanted.cache_kib = kCacheKib;
    wanted.busy_timeout = kReadersWait;
    return Connection::open(path, OpenMode::ReadWriteCreate, wanted);
}

void warn_of(const Error& error) {
    log::warn("a checkpoint failed", {{"error", error.message}});
}

}  // namespace

Checkpointer::Checkpointer(std::string path, std::shared_ptr<WriteLock> lock, Limits limits)
    : path_(std::move(path)),
      write_lock_(std::move(lock)),
      limits_(limits),
      due_at_(limits.due_pages) {}

Checkpointer::~Checkpointer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Checkpointer::watch(Connection& connection) {
    const auto hook = [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Checkpointer*>(self)->committed(pages);
        return SQLITE_OK;
    };
    sqlite3_wal_hook(connection.handle(), hook, this);
}

// After a commit, on its thread: the commit is durable, and its writer has not heard of it.
void Checkpointer::committed(int pages) {
    std::unique_lock lock(mutex_);
    if (pages < pages_) due_at_ = limits_.due_pages;  // the log began anew
    pages_ = pages;
    if (!is_due()) return;
    if (!thread_.joinable()) {
        thread_ = std::thread([this] { work(); });
        pthread_setname_np(thread_.native_handle(), "sqlite-log");
    }
    wake_.notify_one();
    if (pages < limits_.full_pages) return;
    // This thread has the write lock, so whoever waits for it must not be waited for.
    moved_on_.wait(
        lock, [&] { return phase_ != Phase::Beside && (phase_ == Phase::Alone || !is_due()); });
}

int Checkpointer::pages_now() {
    const std::lock_guard lock(mutex_);
    return pages_;
}

void Checkpointer::work() {
    auto connection = open(path_);
    if (!connection) warn_of(connection.error());
    while (true) {
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [&] { return stopping_ || is_due(); });
            if (stopping_) return;
        }
        if (!connection) connection = open(path_);
        if (connection) make_checkpoint(*connection);
        enter(Phase::Idle);
    }
}

void Checkpointer::enter(Phase phase) {
    {
        const std::lock_guard lock(mutex_);
        phase_ = phase;
        // Whatever came of it: not again before there is as much once more.
        if (phase == Phase::Idle) due_at_ = pages_ + limits_.due_pages;
    }
    moved_on_.notify_all();
}

// Beside the writers until little is left, then alone.
void Checkpointer::make_checkpoint(Connection& connection) {
    enter(Phase::Beside);
    Result<int> copied = copy_beside(connection);
    while (copied) {
        const int pages = pages_now();
        const int left = pages - *copied;
        if (left <= limits_.rest_pages || pages >= limits_.full_pages) break;
        const int before = *copied;
        copied = copy_beside(connection);
        if (copied && *copied <= before) break;  // a reader is in the way
    }
    if (!copied) return warn_of(copied.error());
    if (*copied == pages_now()) return;
    enter(Phase::Alone);
    copy_alone(connection);
}

Result<int> Checkpointer::copy_beside(Connection& connection) {
    auto copied = copy(connection, SQLITE_CHECKPOINT_PASSIVE);
    if (!copied || sync_database(connection)) return copied;
    // The log is kept, and copied from its beginning by the next process.
    {
        const std::lock_guard lock(mutex_);
        given_up_ = true;
    }
    sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    log::error("a database cannot be synced; its log is kept until a restart", {{"path", path_}});
    return data_loss("the database cannot be synced");
}

void Checkpointer::copy_alone(Connection& connection) {
    auto ticket = write_lock_->enqueue();
    auto hold = ticket.wait_blocking(async::Deadline::after(kLockSlice));
    while (!hold) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
        }
        hold = ticket.wait_blocking(async::Deadline::after(kLockSlice));
    }
    auto copied = copy(connection, SQLITE_CHECKPOINT_RESTART);
    if (!copied) warn_of(copied.error());
}

// Answers how many pages of the log are in the database now. A reader in the way is no error.
Result<int> Checkpointer::copy(Connection& connection, int mode) {
    int pages = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(connection.handle(), "main", mode, &pages, &copied);
    if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) return copied;
    return to_error(connection.handle(), code);
}

}  // namespace zs::sqlite
