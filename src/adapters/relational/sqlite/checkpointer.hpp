#pragma once

#include "sqlite/connection.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace zs::relational {

// Moves what the write-ahead log holds into the database file, beside the writer: commits wait
// for the log's sync alone, not for that of the database. A log that grows all the same, because
// commits never pause, is dealt with by the writer itself.
// Lifetime:   outlives the connection that it watches.
// Threading:  a thread of its own; watch() before the first commit.
// Durability: none of it matters to a commit: what the log holds is durable.
class Checkpointer {
public:
    // Blocks. Errors: Unavailable when the file cannot be opened.
    static Result<std::unique_ptr<Checkpointer>> open(const std::string& path);
    ~Checkpointer();
    Checkpointer(const Checkpointer&) = delete;
    Checkpointer& operator=(const Checkpointer&) = delete;

    void watch(sqlite::Connection& writer);

private:
    explicit Checkpointer(sqlite::Connection connection);
    static int on_commit(void* self, sqlite3* writer, const char* database, int log_pages);
    void ask();
    void work();

    sqlite::Connection connection_;  // the thread's
    int asked_at_ = 0;               // pages in the log; the writer's
    std::mutex mutex_;
    std::condition_variable wake_;
    bool wanted_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace zs::relational
