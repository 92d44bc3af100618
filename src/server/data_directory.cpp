#include "server/data_directory.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace zs::server {
namespace {

Error cannot(std::string_view what, const std::filesystem::path& path, int error) {
    return unavailable("cannot " + std::string(what) + " the data directory " + path.string() + ": "
                       + std::strerror(error));
}

}  // namespace

Result<void> make_data_folder_blocking(const std::filesystem::path& path) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::absolute(path).parent_path(), ignored);
    if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return cannot("make", path, errno);
}

Result<DataDirectory> DataDirectory::open(const std::filesystem::path& path) {
    auto made = make_data_folder_blocking(path);
    if (!made) return std::move(made).error();
    const auto lock_path = path / "server.lock";
    const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) return cannot("write to", path, errno);
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        ::close(lock);
        if (error != EWOULDBLOCK) return cannot("lock", path, error);
        return conflict("another zserver uses the data directory " + path.string()
                        + ": stop it, or give this one its own with --data");
    }
    return DataDirectory(path, lock);
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataDirectory::~DataDirectory() {
    if (lock_ >= 0) ::close(lock_);
}

}  // namespace zs::server
