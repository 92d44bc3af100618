#pragma once

#include "sqlite/connection.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace zs::relational {

// How both the writer and the readers open the file.
sqlite::ConnectionOptions connection_options();

// Read-only connections to one file, opened when first needed.
// Threading: any; one that finds all in use waits, so it is for pool threads.
class ReaderPool {
public:
    ReaderPool(std::string path, std::size_t readers_max);

    // Runs `read` with a connection that nobody else uses.
    Result<void> with_reader_blocking(const std::function<Result<void>(sqlite::Connection&)>& read);

private:
    Result<sqlite::Connection> take_blocking();
    void give_back(sqlite::Connection reader);
    void forget_one();

    const std::string path_;
    const std::size_t readers_max_;
    std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<sqlite::Connection> idle_;
    std::size_t open_ = 0;
};

}  // namespace zs::relational
