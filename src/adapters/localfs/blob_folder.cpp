#include "adapters/localfs/blob_folder.hpp"

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "core/files/blob_store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace zs::localfs {
namespace {

using files::Digest;

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::time_t kAbandonedSeconds = 86'400;
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

// "ab/cd/<sha256>"
std::string place_of(const std::string& hex) {
    return hex.substr(0, 2) + "/" + hex.substr(2, 2) + "/" + hex;
}

Result<File> open_folder(int parent, const std::string& name) {
    if (::mkdirat(parent, name.c_str(), kFolderMode) != 0 && errno != EEXIST) {
        return error_of_errno("mkdir", errno);
    }
    File folder(::openat(parent, name.c_str(), kFolderFlags));
    if (!folder.is_open()) return error_of_errno("open a folder", errno);
    return folder;
}

Result<void> sync_folder(int folder) {
    if (::fsync(folder) != 0) return error_of_errno("fsync of a folder", errno);
    return {};
}

// The names in a folder, sorted; none when it does not exist.
Result<std::vector<std::string>> names_in(int parent, const std::string& name) {
    const int fd = ::openat(parent, name.c_str(), kFolderFlags);
    if (fd < 0 && errno == ENOENT) return std::vector<std::string>();
    if (fd < 0) return error_of_errno("open a folder", errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(fd), ::closedir);
    if (!folder) return error_of_errno("fdopendir", errno);
    std::vector<std::string> names;
    while (const auto* entry = ::readdir(folder.get())) {
        const std::string found = entry->d_name;
        if (found != "." && found != "..") names.push_back(found);
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace

Result<std::unique_ptr<BlobFolder>> BlobFolder::open_blocking(const std::filesystem::path& path,
                                                              std::uint64_t reserve_bytes,
                                                              FolderUsers users) {
    const auto cannot = [&](std::string_view what) {
        return unavailable("cannot " + std::string(what) + " the file store " + path.string() + ": "
                           + std::strerror(errno));
    };
    if (::mkdir(path.c_str(), kFolderMode) != 0 && errno != EEXIST) return cannot("make");
    File root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root.is_open()) return cannot("open");
    auto temporaries = open_folder(root.fd(), "tmp");
    if (!temporaries) return cannot("make a folder in");
    auto blobs = open_folder(root.fd(), "blobs");
    if (!blobs) return cannot("make a folder in");
    if (::fsync(root.fd()) != 0) return cannot("sync");
    std::unique_ptr<BlobFolder> folder(
        new BlobFolder(std::move(root), std::move(*temporaries), std::move(*blobs), reserve_bytes));
    auto emptied = folder->empty_temporaries_blocking(users);
    if (!emptied) return std::move(emptied).error();
    return folder;
}

// What uploads left behind when the process before this one ended.
Result<void> BlobFolder::empty_temporaries_blocking(FolderUsers users) {
    auto names = names_in(root_.fd(), "tmp");
    if (!names) return std::move(names).error();
    const auto old = ::time(nullptr) - kAbandonedSeconds;
    for (const auto& name : *names) {
        struct stat found {};
        const bool may_be_written =
            users == FolderUsers::ManyProcesses
            && (::fstatat(temporaries_.fd(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0
                || found.st_mtime > old);
        if (!may_be_written) drop_temporary_blocking(name);
    }
    return {};
}

Result<BlobFolder::Temporary> BlobFolder::make_temporary_blocking() {
    Temporary made;
    made.name = to_hex(random_bytes(16));
    made.file = File(::openat(temporaries_.fd(), made.name.c_str(),
                              O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
    if (!made.file.is_open()) return error_of_errno("open a new file", errno);
    return made;
}

void BlobFolder::drop_temporary_blocking(const std::string& name) {
    if (::unlinkat(temporaries_.fd(), name.c_str(), 0) != 0 && errno != ENOENT) {
        log::warn("a temporary file stays", {{"reason", std::strerror(errno)}});
    }
}

// Both folders of a shard, there and durable.
Result<void> BlobFolder::make_shard_blocking(const std::string& hex) {
    const auto index = static_cast<std::size_t>(std::stoul(hex.substr(0, 4), nullptr, 16));
    {
        const std::lock_guard lock(mutex_);
        if (shards_.test(index)) return {};
    }
    auto outer = open_folder(blobs_.fd(), hex.substr(0, 2));
    if (!outer) return std::move(outer).error();
    auto inner = open_folder(outer->fd(), hex.substr(2, 2));
    if (!inner) return std::move(inner).error();
    for (const int folder : {blobs_.fd(), outer->fd()}) {
        auto synced = sync_folder(folder);
        if (!synced) return synced;
    }
    const std::lock_guard lock(mutex_);
    shards_.set(index);
    return {};
}

Result<void> BlobFolder::install_blocking(const std::string& temporary, const Digest& blob) {
    const std::string hex = blob.to_string();
    auto made = make_shard_blocking(hex);
    if (!made) return made;
    const std::string place = place_of(hex);
    if (::renameat(temporaries_.fd(), temporary.c_str(), blobs_.fd(), place.c_str()) != 0) {
        return error_of_errno("rename", errno);
    }
    const File shard(::openat(blobs_.fd(), place.substr(0, 5).c_str(), kFolderFlags));
    if (!shard.is_open()) return error_of_errno("open a folder", errno);
    return sync_folder(shard.fd());
}

Result<File> BlobFolder::open_blob_blocking(const Digest& blob) {
    File file(::openat(blobs_.fd(), place_of(blob.to_string()).c_str(),
                       O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.is_open()) return file;
    if (errno == ENOENT) return files::no_such_blob();
    return error_of_errno("open a stored file", errno);
}

Result<std::optional<std::uint64_t>> BlobFolder::size_blocking(const Digest& blob) {
    struct stat found {};
    const std::string place = place_of(blob.to_string());
    if (::fstatat(blobs_.fd(), place.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) {
        return std::optional(static_cast<std::uint64_t>(found.st_size));
    }
    if (errno == ENOENT) return std::optional<std::uint64_t>();
    return error_of_errno("stat", errno);
}

Result<void> BlobFolder::remove_blocking(const Digest& blob) {
    if (::unlinkat(blobs_.fd(), place_of(blob.to_string()).c_str(), 0) == 0 || errno == ENOENT) {
        return {};
    }
    return error_of_errno("unlink", errno);
}

Result<std::vector<Digest>> BlobFolder::list_blocking(const std::optional<Digest>& after,
                                                      std::size_t limit) {
    const std::string from = after ? after->to_string() : std::string();
    std::vector<Digest> out;
    auto outers = names_in(root_.fd(), "blobs");
    if (!outers) return std::move(outers).error();
    for (const auto& outer : *outers) {
        if (outer < from.substr(0, 2)) continue;
        auto inners = names_in(blobs_.fd(), outer);
        if (!inners) return std::move(inners).error();
        for (const auto& inner : *inners) {
            if (outer + inner < from.substr(0, 4)) continue;
            auto names = names_in(blobs_.fd(), outer + "/" + inner);
            if (!names) return std::move(names).error();
            for (const auto& name : *names) {
                if (name <= from) continue;
                const auto digest = Digest::parse(name);
                if (!digest || place_of(name) != outer + "/" + inner + "/" + name) continue;
                out.push_back(*digest);
                if (out.size() == limit) return out;
            }
        }
    }
    return out;
}

Result<void> BlobFolder::check_room_blocking(std::uint64_t bytes) {
    struct statvfs disk {};
    if (::fstatvfs(root_.fd(), &disk) != 0) return error_of_errno("statvfs", errno);
    const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    if (free < reserve_bytes_ || free - reserve_bytes_ < bytes) return files::storage_full();
    return {};
}

}  // namespace zs::localfs
