#include "adapters/relational/sqlite/reader_pool.hpp"

#include <algorithm>
#include <optional>

namespace zs::relational {

sqlite::ConnectionOptions connection_options() {
    sqlite::ConnectionOptions options;
    options.statements_cached_max = 256;  // every statement of every store
    return options;
}

ReaderPool::ReaderPool(std::string path, std::size_t readers_max)
    : path_(std::move(path)), readers_max_(std::max<std::size_t>(readers_max, 1)) {}

Result<sqlite::Connection> ReaderPool::take_blocking() {
    {
        std::unique_lock lock(mutex_);
        returned_.wait(lock, [&] { return !idle_.empty() || open_ < readers_max_; });
        if (!idle_.empty()) {
            auto reader = std::move(idle_.back());
            idle_.pop_back();
            return reader;
        }
        ++open_;
    }
    auto reader = sqlite::Connection::open(path_, sqlite::OpenMode::ReadOnly, connection_options());
    if (!reader) forget_one();
    return reader;
}

void ReaderPool::give_back(sqlite::Connection reader) {
    {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(reader));
    }
    returned_.notify_one();
}

void ReaderPool::forget_one() {
    {
        const std::lock_guard lock(mutex_);
        --open_;
    }
    returned_.notify_one();
}

Result<void> ReaderPool::with_reader_blocking(
    const std::function<Result<void>(sqlite::Connection&)>& read) {
    auto reader = take_blocking();
    if (!reader) return std::move(reader).error();
    Result<void> done;
    try {
        done = read(*reader);
    } catch (const std::exception& error) {
        done = internal_error(error.what());
    }
    if (reader->in_transaction()) {
        // A reader that cannot let go of its snapshot would hold back every checkpoint.
        if (!reader->execute("rollback")) {
            forget_one();
            return done;
        }
    }
    give_back(std::move(*reader));
    return done;
}

}  // namespace zs::relational
