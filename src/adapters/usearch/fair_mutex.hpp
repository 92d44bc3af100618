#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace zs::usearch {

// Many readers or one writer, in the order in which they came: neither a row of long scans nor a
// row of insertions keeps the others out. For std::unique_lock and std::shared_lock.
// Threading: any.
class FairSharedMutex {
public:
    void lock() {
        std::unique_lock hold(mutex_);
        const std::uint64_t ticket = next_++;
        changed_.wait(hold, [&] { return serving_ == ticket && readers_ == 0; });
    }
    void unlock() {
        const std::lock_guard hold(mutex_);
        ++serving_;
        changed_.notify_all();
    }
    void lock_shared() {
        std::unique_lock hold(mutex_);
        const std::uint64_t ticket = next_++;
        changed_.wait(hold, [&] { return serving_ == ticket; });
        ++readers_;
        ++serving_;
        changed_.notify_all();
    }
    void unlock_shared() {
        const std::lock_guard hold(mutex_);
        if (--readers_ == 0) changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t next_ = 0;
    std::uint64_t serving_ = 0;
    std::uint64_t readers_ = 0;
};

}  // namespace zs::usearch
