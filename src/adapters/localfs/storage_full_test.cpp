#include "adapters/localfs/local_blob_store.hpp"
#include "support/blobs.hpp"
#include "support/temp_dir.hpp"

#include <csignal>
#include <filesystem>
#include <sys/mount.h>
#include <sys/resource.h>

namespace zs::testing {
namespace {

namespace fs = std::filesystem;

// A small file system in memory; needs the right to mount.
class SmallDisk {
public:
    explicit SmallDisk(const std::string& options)
        : mounted_(::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, options.c_str()) == 0) {}
    ~SmallDisk() {
        if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
    }
    bool mounted() const { return mounted_; }
    fs::path path() const { return folder_.path(); }

private:
    TempDir folder_;
    bool mounted_;
};

std::unique_ptr<localfs::LocalBlobStore> open_store(const fs::path& folder,
                                                    async::BlockingPool& pool,
                                                    std::uint64_t reserve) {
    localfs::Options options;
    options.folder = folder;
    options.reserve_bytes = reserve;
    auto opened = localfs::LocalBlobStore::open_blocking(options, pool);
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
}

std::size_t files_below(const fs::path& folder) {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        count += entry.is_regular_file() ? 1 : 0;
    return count;
}

TEST(StorageFullTest, AFullDiskIsSaidAndNothingIsLeft) {
    const SmallDisk disk("size=4m,mode=0700");
    if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a file system";
    {
        async::BlockingPool pool("files", {.threads = 1, .queue_max = 64});
        const auto store = open_store(disk.path() / "files", pool, 0);
        const auto refused = put_blob(*store, some_bytes(5 << 20));
        ASSERT_FALSE(refused) << "more than there is, and said so";
        EXPECT_EQ(refused.error().reason, "storage_full");
        auto writer = run_task(store->create(std::nullopt));
        ASSERT_TRUE(writer);
        Result<void> written = Result<void>();
        for (int i = 0; i < 24 && written; ++i)
            written = run_task((*writer)->write(some_bytes(files::kPieceBytes)));
        ASSERT_FALSE(written) << "more than there is, and not said before";
        EXPECT_EQ(written.error().reason, "storage_full");
        EXPECT_EQ(written.error().code, ErrorCode::Exhausted);
        *writer = nullptr;
        EXPECT_TRUE(put_blob(*store, some_bytes(3 << 20))) << "what was refused left no trace";
    }
    EXPECT_EQ(files_below(disk.path()), 1U);
}

TEST(StorageFullTest, TheReserveStaysFree) {
    const SmallDisk disk("size=8m,mode=0700");
    if (!disk.mounted()) GTEST_SKIP() << "needs the right to mount a file system";
    async::BlockingPool pool("files", {.threads = 1, .queue_max = 64});
    const auto store = open_store(disk.path() / "files", pool, 6 << 20);
    EXPECT_TRUE(put_blob(*store, some_bytes(1 << 20)));
    const auto refused = put_blob(*store, some_bytes(2 << 20));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "storage_full");
}

// Works without any right: the process may not write large files.
TEST(StorageFullTest, AFileSizeLimitIsAFullDisk) {
    const TempDir folder;
    async::BlockingPool pool("files", {.threads = 1, .queue_max = 64});
    const auto store = open_store(folder.path() / "files", pool, 0);
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = 1 << 20;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto refused = put_blob(*store, some_bytes(2 << 20));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "storage_full");
    EXPECT_TRUE(put_blob(*store, some_bytes(2 << 20)));
}

}  // namespace
}  // namespace zs::testing
