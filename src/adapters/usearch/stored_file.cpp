#include "adapters/usearch/stored_file.hpp"

#include "base/hash.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace zs::usearch {
namespace {

constexpr std::size_t kChecksumBytes = 32;

}  // namespace

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(fd, bytes.data(), bytes.size());
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

void sync_folder_blocking(const std::string& path_in_it) {
    const auto folder = std::filesystem::path(path_in_it).parent_path();
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    ::fsync(fd);
    ::close(fd);
}

Result<void> write_checked_blocking(const std::string& path, std::string bytes) {
    std::error_code error;
    const auto folder = std::filesystem::path(path).parent_path();
    std::filesystem::create_directories(folder, error);
    ::chmod(folder.c_str(), 0700);
    bytes += sha256(bytes);
    const std::string draft = path + ".new";
    const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return unavailable("vectors cannot be stored");
    const bool stored = write_all(fd, bytes) && ::fsync(fd) == 0;
    ::close(fd);
    if (stored && ::rename(draft.c_str(), path.c_str()) == 0) {
        sync_folder_blocking(path);
        return {};
    }
    ::unlink(draft.c_str());
    return unavailable("vectors cannot be stored");
}

Result<std::optional<std::string>> read_checked_blocking(const std::string& path,
                                                         std::string_view magic) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::optional<std::string>();
    std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (bytes.size() < magic.size() + kChecksumBytes || !bytes.starts_with(magic)) {
        return data_loss("a stored file of vectors is damaged");
    }
    const auto body = std::string_view(bytes).substr(0, bytes.size() - kChecksumBytes);
    if (sha256(body) != std::string_view(bytes).substr(body.size())) {
        return data_loss("a stored file of vectors is damaged");
    }
    bytes.resize(body.size());
    return std::optional<std::string>(std::move(bytes));
}

}  // namespace zs::usearch
