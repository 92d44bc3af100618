#pragma once

#include <atomic>
#include <cstdint>

namespace zs::sqlite_data {

// Tells whether what was read at some moment is still the newest state of a database. A commit
// begins before anybody can see it, and has ended when its subscribers have heard of it.
// Threading: begins() and ended() under the write lock; the rest from any thread.
class CommitCount {
public:
    void begins() { ++begun_; }
    void ended() { ended_ = begun_.load(); }
    // Taken before a snapshot is.
    std::uint64_t mark() const { return ended_; }
    bool is_newest(std::uint64_t mark) const { return begun_ == mark; }

private:
    std::atomic<std::uint64_t> begun_{0};
    std::atomic<std::uint64_t> ended_{0};
};

}  // namespace zs::sqlite_data
