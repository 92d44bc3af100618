#pragma once

#include "adapters/localfs/blob_file.hpp"
#include "core/files/digest.hpp"

#include <atomic>
#include <bitset>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace zs::localfs {

// Whether uploads that lie there unfinished may be those of another process.
enum class FolderUsers { ThisProcessAlone, ManyProcesses };

// The folders of a store: blobs/ab/cd/<sha256> and tmp/. Every path is made of a digest or of a
// random name, below a folder that is held open: nothing of a request gets in.
// Threading: any. Everything blocks.
class BlobFolder {
public:
    // Makes what is missing, with mode 0700, and empties tmp/: with ManyProcesses of what nobody
    // wrote to for a day. Errors: Unavailable naming it.
    static Result<std::unique_ptr<BlobFolder>> open_blocking(
        const std::filesystem::path& path, std::uint64_t reserve_bytes,
        FolderUsers users = FolderUsers::ThisProcessAlone);

    struct Temporary {
        File file;
        std::string name;
    };
    // Errors: Exhausted "storage_full".
    Result<Temporary> make_temporary_blocking();
    void drop_temporary_blocking(const std::string& name);
    // Puts a synced temporary file in the place of `blob`, durably.
    Result<void> install_blocking(const std::string& temporary, const files::Digest& blob);

    // Errors: NotFound.
    Result<File> open_blob_blocking(const files::Digest& blob);
    Result<std::optional<std::uint64_t>> size_blocking(const files::Digest& blob);  // of the file
    Result<void> remove_blocking(const files::Digest& blob);
    Result<std::vector<files::Digest>> list_blocking(const std::optional<files::Digest>& after,
                                                     std::size_t limit);

    // Errors: Exhausted "storage_full" when `bytes` more would leave less than the reserve.
    Result<void> check_room_blocking(std::uint64_t bytes);

private:
    BlobFolder(File root, File temporaries, File blobs, std::uint64_t reserve_bytes)
        : root_(std::move(root)),
          temporaries_(std::move(temporaries)),
          blobs_(std::move(blobs)),
          reserve_bytes_(reserve_bytes) {}
    Result<void> empty_temporaries_blocking(FolderUsers users);
    Result<void> make_shard_blocking(const std::string& hex);

    File root_;
    File temporaries_;
    File blobs_;
    const std::uint64_t reserve_bytes_;
    std::mutex mutex_;
    std::bitset<65'536> shards_;  // those known to be there, durably; guarded by mutex_
};

}  // namespace zs::localfs
