#pragma once

#include "sqlite/connection.hpp"
#include "sqlite/write_lock.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace zs::sqlite {

// Copies the write-ahead log of one database into the database, on a thread and a connection of its
// own, so that commits go on meanwhile; at the end it holds the write lock for a moment, copies the
// little that is left, and the next commit begins the log anew.
//
// The log stays bounded: commits wait where it is full and being copied. Only a reader that keeps
// an old snapshot lets it grow further, for as long as it does.
// Threading:  any. The thread starts when there is something to copy for the first time.
// Durability: commits are in the log before anybody hears of them; a checkpoint that fails, or that
//             a crash ends, leaves them there.
// Lifetime:   outlives the connections that it watches. The destructor waits for what is under way.
class Checkpointer {
public:
    struct Limits {
        int due_pages = 2000;   // of the log before it is copied
        int rest_pages = 500;   // few enough to be copied while writers wait
        int full_pages = 6000;  // commits wait for what is being copied
    };

    Checkpointer(std::string path, std::shared_ptr<WriteLock> lock, Limits limits);
    ~Checkpointer();
    Checkpointer(const Checkpointer&) = delete;
    Checkpointer& operator=(const Checkpointer&) = delete;

    // Counts the commits of this connection, which from now on makes no checkpoints by itself.
    void watch(Connection& connection);

private:
    enum class Phase { Idle, Beside, Alone };

    void committed(int pages);
    void work();
    void make_checkpoint(Connection& connection);
    void enter(Phase phase);
    bool is_due() const { return pages_ >= due_at_ && !given_up_; }
    Result<int> copy_beside(Connection& connection);
    void copy_alone(Connection& connection);
    Result<int> copy(Connection& connection, int mode);
    int pages_now();

    std::string path_;
    std::shared_ptr<WriteLock> write_lock_;
    Limits limits_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable moved_on_;  // to another phase
    Phase phase_ = Phase::Idle;
    int pages_ = 0;   // of the log, after the last commit
    int due_at_ = 0;  // so many make the next checkpoint due
    bool given_up_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace zs::sqlite
