#include "core/files/files_fixture.hpp"

namespace zs::files {
namespace {

using testing::digest_of;
using testing::run_task;
using testing::some_bytes;

class FileUpkeepTest : public FilesFixture {
protected:
    UpkeepRun collect() {
        auto run = run_task(upkeep_.collect());
        EXPECT_TRUE(run);
        return *run;
    }
    UpkeepRun verify() {
        auto run = run_task(upkeep_.verify());
        EXPECT_TRUE(run);
        return *run;
    }
};

TEST_F(FileUpkeepTest, CollectsWhatNobodyHas) {
    ASSERT_TRUE(upload("shared", live_));
    ASSERT_TRUE(upload("shared", sandbox_));
    ASSERT_TRUE(upload("single", live_));
    ASSERT_TRUE(remove("shared"));
    ASSERT_TRUE(remove("single"));
    EXPECT_EQ(collect().removed, 0) << "claimed a moment ago";
    clock_.advance(Seconds(61));
    const auto run = collect();
    EXPECT_EQ(run.state, "done");
    EXPECT_EQ(run.removed, 1);
    EXPECT_EQ(run.blobs, 2);
    EXPECT_FALSE(is_stored("single"));
    EXPECT_TRUE(is_stored("shared"));
    EXPECT_TRUE(*download("shared", sandbox_) == "shared");
    EXPECT_TRUE(run_task(catalog_.condemned(10))->empty());
}

TEST_F(FileUpkeepTest, CollectsStraysAndAbandonedClaims) {
    ASSERT_TRUE(testing::put_blob(store_, "stray"));
    BlobInfo claimed;
    claimed.sha256 = digest_of("never came");
    ASSERT_TRUE(run_task(catalog_.claim(claimed, clock_.now())));
    clock_.advance(Seconds(61));
    EXPECT_EQ(collect().removed, 2);
    EXPECT_FALSE(is_stored("stray"));
    EXPECT_EQ(run_task(catalog_.totals())->blobs, 0U);
}

TEST_F(FileUpkeepTest, EndsARemovalThatWasCutOff) {
    ASSERT_TRUE(upload("abc", live_));
    ASSERT_TRUE(remove("abc"));
    clock_.advance(Seconds(61));
    ASSERT_EQ(run_task(catalog_.condemn({digest_of("abc")}, clock_.now()))->size(), 1U);
    ASSERT_TRUE(run_task(upkeep_.recover()));
    EXPECT_FALSE(is_stored("abc"));
    EXPECT_TRUE(run_task(catalog_.condemned(10))->empty());
}

async::Task<Result<Granted>> put(FileService& files, identity::Tenant tenant, std::string bytes) {
    auto begun = co_await files.begin(std::move(tenant), bytes.size());
    auto written = co_await (*begun)->write(std::move(bytes));
    EXPECT_TRUE(written);
    UploadFacts facts;
    co_return co_await (*begun)->finish(std::move(facts));
}

// Whatever the order, an upload that succeeded has its bytes.
TEST_F(FileUpkeepTest, ARemovalAndAnUploadOfEqualContentDoNotMix) {
    for (const bool condemned_first : {true, false}) {
        const std::string bytes = condemned_first ? "one" : "two";
        ASSERT_TRUE(upload(bytes, live_));
        ASSERT_TRUE(remove(bytes));
        clock_.advance(Seconds(61));
        if (condemned_first) {
            ASSERT_EQ(run_task(catalog_.condemn({digest_of(bytes)}, clock_.now()))->size(), 1U);
            // The upload waits; meanwhile the collector ends what it began.
            boost::asio::io_context loop;
            std::optional<Result<Granted>> granted;
            boost::asio::co_spawn(loop, put(files_, live_, bytes),
                                  [&](const std::exception_ptr&, Result<Granted> answer) {
                                      granted = std::move(answer);
                                  });
            loop.poll();
            EXPECT_FALSE(granted) << "it waits";
            ASSERT_TRUE(run_task(store_.remove(digest_of(bytes))));
            ASSERT_TRUE(run_task(catalog_.forget(digest_of(bytes))));
            loop.run();
            ASSERT_TRUE(granted && *granted);
        } else {
            ASSERT_TRUE(upload(bytes, live_));
        }
        collect();
        EXPECT_TRUE(*download(bytes, live_) == bytes);
    }
}

TEST_F(FileUpkeepTest, VerificationFindsRotAndLoss) {
    const auto good = some_bytes(1000);
    const auto rotten = some_bytes(2000);
    const auto lost = some_bytes(3000);
    for (const auto& bytes : {good, rotten, lost})
        ASSERT_TRUE(upload(bytes, live_));
    clock_.advance(Seconds(1));
    store_.damage(digest_of(rotten));
    ASSERT_TRUE(run_task(store_.remove(digest_of(lost))));
    auto run = verify();
    EXPECT_EQ(run.state, "done");
    EXPECT_EQ(run.blobs, 2);
    EXPECT_EQ(run.bytes, 1000);
    EXPECT_EQ(run.damaged, 1);
    EXPECT_EQ(run.missing, 1);
    EXPECT_EQ(run.damaged_blobs.size(), 2U);
    EXPECT_EQ(download(rotten, live_).error().code, ErrorCode::DataLoss);
    EXPECT_TRUE(*download(good, live_) == good);
    EXPECT_EQ(verify().damaged, 1) << "still so, and still said";
    store_.damage(digest_of(rotten));  // the bit turned back: a restored disk
    clock_.advance(Seconds(1));
    EXPECT_EQ(verify().damaged, 0);
    EXPECT_TRUE(*download(rotten, live_) == rotten);
}

TEST_F(FileUpkeepTest, RunsWhatWasAskedFor) {
    EXPECT_EQ(upkeep_.status().verify.state, "never");
    upkeep_.ask(UpkeepJob::Verify);
    EXPECT_EQ(upkeep_.status().verify.state, "waiting");
    verify();
    EXPECT_EQ(upkeep_.status().verify.state, "done");
    EXPECT_EQ(upkeep_.status().collect.state, "never");
}

}  // namespace
}  // namespace zs::files
