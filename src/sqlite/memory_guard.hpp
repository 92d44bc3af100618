#pragma once

#include <cstddef>

namespace zs::sqlite {

// Makes SQLite allocate through a counter. Connection::open calls it; nothing may use SQLite
// before. Threading: any; done once.
void install_memory_guard();

// While it lives, what SQLite allocates on this thread is counted, and an allocation that would
// exceed `bytes_max` fails, which ends the statement with "out_of_memory".
//
// The count is approximate on purpose: it is per scope, not per connection. Memory freed here that
// an earlier scope or another thread allocated (page cache) is credited down to zero and no
// further; memory of this scope that outlives it stays uncounted. So a scope bounds the growth
// during one statement, which is what a runaway statement is about.
// Threading: made and destroyed on one thread. Scopes nest; the inner one counts.
class MemoryScope {
public:
    explicit MemoryScope(std::size_t bytes_max);
    ~MemoryScope();
    MemoryScope(const MemoryScope&) = delete;
    MemoryScope& operator=(const MemoryScope&) = delete;

    std::size_t used() const { return used_; }
    bool was_exhausted() const { return exhausted_; }

    // For the allocator.
    bool take(std::size_t bytes);
    void add(std::size_t bytes) { used_ += bytes; }  // what the allocator gave beyond the request
    void give(std::size_t bytes);

private:
    std::size_t bytes_max_;
    std::size_t used_ = 0;
    bool exhausted_ = false;
    MemoryScope* outer_;
};

}  // namespace zs::sqlite
