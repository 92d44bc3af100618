#pragma once

#include "base/error.hpp"

#include <filesystem>

namespace zs::server {

// Makes the folder, and those above it, with mode 0700 unless it exists. Blocks.
// Errors: Unavailable naming the folder.
Result<void> make_data_folder_blocking(const std::filesystem::path& path);

// The folder that holds everything this instance keeps. Made with mode 0700; held by one server at
// a time, so that two cannot each believe to be the only one. Operators' commands do not take it.
// Lifetime: the hold ends with the object, or with the process.
class DataDirectory {
public:
    // Blocks: for start-up. Errors: Conflict when another server holds it; Unavailable naming the
    // folder when it cannot be made or written.
    static Result<DataDirectory> open(const std::filesystem::path& path);
    DataDirectory(DataDirectory&& other) noexcept;
    DataDirectory& operator=(DataDirectory&&) = delete;
    ~DataDirectory();

    const std::filesystem::path& path() const { return path_; }

private:
    DataDirectory(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
    std::filesystem::path path_;
    int lock_ = -1;
};

}  // namespace zs::server
