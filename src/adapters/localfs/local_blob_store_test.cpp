#include "adapters/localfs/local_blob_store.hpp"

#include "adapters/localfs/blob_file.hpp"
#include "contract/blob_store_contract.hpp"
#include "support/temp_dir.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/stat.h>

namespace zs::testing {
namespace {

namespace fs = std::filesystem;

struct Home {
    TempDir folder;
    std::optional<async::BlockingPool> pool;
    std::unique_ptr<localfs::LocalBlobStore> store;

    Home() {
        pool.emplace("files", async::BlockingPool::Limits{.threads = 2, .queue_max = 64});
        reopen();
    }
    void reopen(localfs::FolderUsers users = localfs::FolderUsers::ThisProcessAlone) {
        store.reset();
        localfs::Options options;
        options.users = users;
        options.folder = folder.path() / "files";
        options.reserve_bytes = 0;
        auto opened = localfs::LocalBlobStore::open_blocking(options, *pool);
        if (!opened) throw std::runtime_error(opened.error().message);
        store = std::move(*opened);
    }
    fs::path path_of(Digest blob) const {
        const auto hex = blob.to_string();
        return folder.path() / "files/blobs" / hex.substr(0, 2) / hex.substr(2, 2) / hex;
    }
    std::size_t temporaries() const {
        const fs::directory_iterator all(folder.path() / "files/tmp");
        return static_cast<std::size_t>(std::distance(fs::begin(all), fs::end(all)));
    }
    void flip(Digest blob, std::uint64_t at) {
        std::fstream file(path_of(blob), std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(at));
        const char byte = static_cast<char>(file.get());
        file.seekp(static_cast<std::streamoff>(at));
        file.put(static_cast<char>(byte ^ 0x10));
    }
    // All that was posted is done; nothing more can be.
    void finish() {
        store.reset();
        pool.reset();
    }
};

std::unique_ptr<Home> g_home;

INSTANTIATE_TEST_SUITE_P(LocalFs, BlobStoreContract,
                         ::testing::Values(BlobStoreFactory{
                             "localfs",
                             []() -> BlobStore& {
                                 g_home = std::make_unique<Home>();
                                 return *g_home->store;
                             },
                             [](Digest blob) { g_home->flip(blob, 100'000); }}),
                         blob_store_name);

unsigned mode_of(const fs::path& path) {
    return static_cast<unsigned>(fs::status(path).permissions()) & 0777U;
}

TEST(LocalBlobStoreTest, FilesAreShardedAndPrivate) {
    Home home;
    const auto info = put_blob(*home.store, "abc");
    ASSERT_TRUE(info);
    ASSERT_TRUE(fs::exists(home.path_of(info->sha256)));
    EXPECT_EQ(mode_of(home.path_of(info->sha256)), 0600U);
    EXPECT_EQ(mode_of(home.path_of(info->sha256).parent_path()), 0700U);
    EXPECT_EQ(mode_of(home.folder.path() / "files"), 0700U);
    EXPECT_EQ(mode_of(home.folder.path() / "files/tmp"), 0700U);
    EXPECT_EQ(home.temporaries(), 0U);
}

TEST(LocalBlobStoreTest, ADroppedUploadLeavesNothing) {
    Home home;
    {
        auto writer = run_task(home.store->create(1'000'000));
        ASSERT_TRUE(writer);
        ASSERT_TRUE(run_task((*writer)->write(some_bytes(700'000))));
        EXPECT_EQ(home.temporaries(), 1U);
    }
    home.finish();
    EXPECT_EQ(home.temporaries(), 0U);
}

TEST(LocalBlobStoreTest, WhatACrashLeftIsClearedAtStart) {
    Home home;
    const auto info = put_blob(*home.store, "abc");
    ASSERT_TRUE(info);
    std::ofstream(home.folder.path() / "files/tmp/0123abcd") << "half an upload";
    home.reopen();
    EXPECT_EQ(home.temporaries(), 0U);
    EXPECT_EQ(*get_blob(*home.store, info->sha256), "abc");
}

TEST(LocalBlobStoreTest, WhatAnotherProcessIsWritingStays) {
    Home home;
    const auto tmp = home.folder.path() / "files/tmp";
    std::ofstream(tmp / "fresh") << "half an upload";
    std::ofstream(tmp / "old") << "of two days ago";
    fs::last_write_time(tmp / "old", fs::file_time_type::clock::now() - std::chrono::hours(48));
    home.reopen(localfs::FolderUsers::ManyProcesses);
    EXPECT_TRUE(fs::exists(tmp / "fresh"));
    EXPECT_FALSE(fs::exists(tmp / "old"));
}

TEST(LocalBlobStoreTest, EveryDamagedByteIsNoticed) {
    Home home;
    const auto bytes = some_bytes(2 * files::kPieceBytes + 100);
    const auto blob = digest_of(bytes);
    const auto whole = localfs::file_bytes(bytes.size());
    for (std::uint64_t at : {std::uint64_t{0}, std::uint64_t{files::kPieceBytes - 1},
                             std::uint64_t{files::kPieceBytes}, std::uint64_t{bytes.size() - 1},
                             std::uint64_t{bytes.size()}, whole - 24, whole - 10, whole - 1}) {
        ASSERT_TRUE(put_blob(*home.store, bytes));
        home.flip(blob, at);
        const auto got = get_blob(*home.store, blob);
        ASSERT_FALSE(got) << "byte " << at;
        EXPECT_EQ(got.error().code, ErrorCode::DataLoss) << at;
        EXPECT_FALSE(run_task(home.store->rehash(blob))) << at;
    }
}

TEST(LocalBlobStoreTest, ARangeBesideTheDamageIsServed) {
    Home home;
    const auto bytes = some_bytes(3 * files::kPieceBytes);
    ASSERT_TRUE(put_blob(*home.store, bytes));
    home.flip(digest_of(bytes), files::kPieceBytes + 5);
    BlobRange first;
    first.length = files::kPieceBytes;
    EXPECT_TRUE(*get_blob(*home.store, digest_of(bytes), first)
                == bytes.substr(0, files::kPieceBytes));
    BlobRange second;
    second.offset = files::kPieceBytes;
    second.length = 1;
    EXPECT_FALSE(get_blob(*home.store, digest_of(bytes), second));
}

TEST(LocalBlobStoreTest, AShortenedFileIsDataLoss) {
    Home home;
    const auto bytes = some_bytes(1000);
    const auto blob = digest_of(bytes);
    for (const std::uintmax_t size : {0U, 23U, 24U, 999U, 1000U, 1027U}) {
        ASSERT_TRUE(put_blob(*home.store, bytes));
        fs::resize_file(home.path_of(blob), size);
        const auto got = get_blob(*home.store, blob);
        ASSERT_FALSE(got) << size;
        EXPECT_EQ(got.error().code, ErrorCode::DataLoss);
    }
}

TEST(LocalBlobStoreTest, ForeignNamesAreNotListed) {
    Home home;
    ASSERT_TRUE(put_blob(*home.store, "abc"));
    std::ofstream(home.path_of(digest_of("abc")).parent_path() / "notes.txt") << "x";
    fs::create_directories(home.folder.path() / "files/blobs/zz");
    EXPECT_EQ(run_task(home.store->list(std::nullopt, 10))->size(), 1U);
}

TEST(LocalBlobStoreTest, ALinkInAPlaceIsNotFollowed) {
    Home home;
    ASSERT_TRUE(put_blob(*home.store, "abc"));
    const auto place = home.path_of(digest_of("abc"));
    const auto elsewhere = home.folder.path() / "elsewhere";
    fs::rename(place, elsewhere);
    fs::create_symlink(elsewhere, place);
    EXPECT_FALSE(get_blob(*home.store, digest_of("abc")));
}

}  // namespace
}  // namespace zs::testing
