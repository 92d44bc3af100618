#pragma once

#include "sqlite/connection.hpp"

#include <cstddef>
#include <cstdint>

namespace zs::sqlite_data {

// Lets the disk begin with a large commit while it is still being made. Pages that no document will
// touch again leave a small page cache for the write-ahead log, and the log's pages for the disk;
// the sync of the commit, which decides what is durable, then finds most of its work done.
// Only for documents that are appended: pages that are touched again would be written twice.
// Threading: the writer's. Lifetime: one piece of work of the writer.
class EarlyWriteback {
public:
    explicit EarlyWriteback(sqlite::Connection& connection);
    ~EarlyWriteback();
    EarlyWriteback(const EarlyWriteback&) = delete;
    EarlyWriteback& operator=(const EarlyWriteback&) = delete;

    void wrote(std::size_t bytes) {
        bytes_ += bytes;
        if (bytes_ >= kEvery) start();
    }

private:
    static constexpr std::size_t kEvery = std::size_t{1} << 20;
    void start();
    void set_cache(std::int64_t size);

    sqlite::Connection& connection_;
    std::int64_t cache_before_ = 0;
    int log_ = -1;
    std::size_t bytes_ = 0;
};

}  // namespace zs::sqlite_data
