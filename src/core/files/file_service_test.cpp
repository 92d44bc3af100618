#include "core/files/files_fixture.hpp"

namespace zs::files {
namespace {

using testing::digest_of;
using testing::run_task;
using testing::some_bytes;

class FileServiceTest : public FilesFixture {};

TEST_F(FileServiceTest, AFileIsUploadedOnceAndFoundByItsOwner) {
    const auto bytes = some_bytes(400'000);
    const auto first = upload(bytes, live_, digest_of(bytes));
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_TRUE(first->created);
    EXPECT_EQ(first->record.sha256, digest_of(bytes));
    EXPECT_EQ(first->record.size, bytes.size());
    EXPECT_EQ(first->record.created_at, clock_.now());
    clock_.advance(Millis(10));
    const auto again = upload(bytes, live_);
    ASSERT_TRUE(again);
    EXPECT_FALSE(again->created);
    EXPECT_EQ(again->record, first->record);
    EXPECT_TRUE(*download(bytes, live_) == bytes);
    const auto foreign = download(bytes, sandbox_);
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().code, ErrorCode::NotFound);
    EXPECT_EQ(foreign.error().message, download("never", live_).error().message);
    EXPECT_TRUE(upload(bytes, sandbox_)->created);
    EXPECT_EQ(store_.writers(), 0U);
}

TEST_F(FileServiceTest, AWrongDigestLeavesNothing) {
    const auto refused = upload("abc", live_, digest_of("abd"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "digest_mismatch");
    EXPECT_FALSE(is_stored("abc"));
    EXPECT_EQ(run_task(catalog_.totals())->blobs, 0U);
    EXPECT_EQ(store_.writers(), 0U);
}

TEST_F(FileServiceTest, SizeAndNumberAreLimited) {
    const auto declared = run_task(files_.begin(live_, 1'000'001));
    ASSERT_FALSE(declared);
    EXPECT_EQ(declared.error().reason, "file_too_large");
    auto begun = run_task(files_.begin(live_, std::nullopt));
    ASSERT_TRUE(begun);
    EXPECT_TRUE(run_task((*begun)->write(std::string(1'000'000, 'x'))));
    const auto more = run_task((*begun)->write("y"));
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().reason, "file_too_large");
    EXPECT_EQ(more.error().code, ErrorCode::TooLarge);
    auto second = run_task(files_.begin(live_, 1));
    auto third = run_task(files_.begin(live_, 1));
    EXPECT_EQ(run_task(files_.begin(live_, 1)).error().code, ErrorCode::Unavailable);
    *second = nullptr;
    EXPECT_TRUE(run_task(files_.begin(live_, 1))) << "a dropped upload gives its place up";
}

TEST_F(FileServiceTest, AFullStoreIsSaid) {
    store_.set_bytes_max(100);
    const auto refused = upload(some_bytes(101), live_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "storage_full");
    EXPECT_EQ(store_.writers(), 0U);
}

TEST_F(FileServiceTest, DamageIsNotedAndNeverServedUntilHealed) {
    const auto bytes = some_bytes(1000);
    ASSERT_TRUE(upload(bytes, live_));
    clock_.advance(Millis(1));
    store_.damage(digest_of(bytes));
    EXPECT_EQ(download(bytes, live_).error().code, ErrorCode::DataLoss);
    const auto found = run_task(files_.find(live_, digest_of(bytes)));
    ASSERT_FALSE(found) << "the ledger knows now";
    EXPECT_EQ(found.error().code, ErrorCode::DataLoss);
    clock_.advance(Millis(1));
    const auto healed = upload(bytes, live_);
    ASSERT_TRUE(healed);
    EXPECT_FALSE(healed->created) << "the tenant had it";
    EXPECT_TRUE(*download(bytes, live_) == bytes);
}

TEST_F(FileServiceTest, LostBytesAreDataLossAndUploadedAnew) {
    const auto bytes = some_bytes(1000);
    ASSERT_TRUE(upload(bytes, live_));
    ASSERT_TRUE(run_task(store_.remove(digest_of(bytes))));
    EXPECT_EQ(download(bytes, live_).error().code, ErrorCode::DataLoss);
    ASSERT_TRUE(upload(bytes, live_));
    EXPECT_TRUE(*download(bytes, live_) == bytes);
}

TEST_F(FileServiceTest, ListsInPagesThatBelongToThisList) {
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(upload("file " + std::to_string(i), live_));
        clock_.advance(Millis(1));
    }
    ASSERT_TRUE(upload("theirs", sandbox_));
    identity::PageRequest wanted{2, std::nullopt};
    std::vector<Digest> seen;
    do {
        auto page = run_task(files_.list(live_, wanted));
        ASSERT_TRUE(page);
        for (const auto& file : page->items)
            seen.push_back(file.sha256);
        wanted.cursor = page->next_cursor;
    } while (wanted.cursor);
    ASSERT_EQ(seen.size(), 5U);
    EXPECT_EQ(seen.front(), digest_of("file 4"));
    EXPECT_EQ(seen.back(), digest_of("file 0"));
    wanted.cursor = "nonsense";
    EXPECT_EQ(run_task(files_.list(live_, wanted)).error().reason, "invalid_cursor");
    wanted.cursor = identity::make_cursor("files", "12/34");
    EXPECT_EQ(run_task(files_.list(live_, wanted)).error().reason, "invalid_cursor");
}

TEST_F(FileServiceTest, DeletingIsRefusedWhileInUse) {
    ASSERT_TRUE(upload("abc", live_));
    const FileReference job{live_, digest_of("abc"), "job/1/input"};
    ASSERT_TRUE(run_task(files_.refer(job)));
    EXPECT_EQ(remove("abc").error().reason, "file_in_use");
    ASSERT_TRUE(run_task(files_.release(job)));
    ASSERT_TRUE(remove("abc"));
    EXPECT_EQ(remove("abc").error().code, ErrorCode::NotFound);
    EXPECT_FALSE(run_task(files_.refer({live_, digest_of("abc"), ""})));
}

}  // namespace
}  // namespace zs::files
