#include "adapters/relational/sqlite/checkpointer.hpp"

#include "base/log.hpp"

#include <sqlite3.h>

#include <pthread.h>

namespace zs::relational {
namespace {

// Pages of 4 KiB that the log gets between two looks, and that it may have at all.
constexpr int kLogPagesPerLook = 1000;
constexpr int kLogPagesMax = 16'000;

}  // namespace

Result<std::unique_ptr<Checkpointer>> Checkpointer::open(const std::string& path) {
    sqlite::ConnectionOptions options;
    options.cache_kib = 64;        // a checkpoint does not use it
    options.checkpoint_pages = 0;  // it commits nothing
    auto connection =
        sqlite::Connection::open(path, sqlite::OpenMode::ReadWriteCreate, std::move(options));
    if (!connection) return std::move(connection).error();
    return std::unique_ptr<Checkpointer>(new Checkpointer(std::move(*connection)));
}

Checkpointer::Checkpointer(sqlite::Connection connection) : connection_(std::move(connection)) {
    thread_ = std::thread([this] { work(); });
    pthread_setname_np(thread_.native_handle(), "sqlite-checkpt");
}

Checkpointer::~Checkpointer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void Checkpointer::watch(sqlite::Connection& writer) {
    sqlite3_wal_hook(writer.handle(), &Checkpointer::on_commit, this);
}

// On the writer's thread, behind a commit.
int Checkpointer::on_commit(void* self, sqlite3* writer, const char* database, int log_pages) {
    auto& checkpointer = *static_cast<Checkpointer*>(self);
    if (log_pages < checkpointer.asked_at_) checkpointer.asked_at_ = 0;  // it began anew
    if (log_pages - checkpointer.asked_at_ < kLogPagesPerLook) return SQLITE_OK;
    checkpointer.asked_at_ = log_pages;
    if (log_pages < kLogPagesMax) {
        checkpointer.ask();
    } else {
        // Nothing is added meanwhile, so the next commit begins the log anew, unless a reader
        // holds it. Busy: the thread is at it just now.
        sqlite3_wal_checkpoint_v2(writer, database, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    }
    return SQLITE_OK;
}

void Checkpointer::ask() {
    {
        const std::lock_guard lock(mutex_);
        wanted_ = true;
    }
    wake_.notify_one();
}

void Checkpointer::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [&] { return stopping_ || wanted_; });
        if (stopping_) return;
        wanted_ = false;
        lock.unlock();
        auto done = connection_.execute("pragma wal_checkpoint(passive)");
        if (!done) log::warn("a checkpoint failed", {{"error", done.error().message}});
        lock.lock();
    }
}

}  // namespace zs::relational
